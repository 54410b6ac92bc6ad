package policy

// HostPaths is to be written.
type HostPaths struct {
	Base `yaml:",inline"`
}

// Check is to be written.
func (*HostPaths) Check(s *Subject) []Finding { return nil }

// Adjust is to be written.
func (*HostPaths) Adjust(s *Subject) []string { return nil }
