package policy

// SELinuxOptions is to be written.
type SELinuxOptions struct {
	Base `yaml:",inline"`
}

// Check is to be written.
func (*SELinuxOptions) Check(s *Subject) []Finding { return nil }

// Adjust is to be written.
func (*SELinuxOptions) Adjust(s *Subject) []string { return nil }
