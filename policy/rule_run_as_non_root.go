package policy

// RunAsNonRoot is to be written.
type RunAsNonRoot struct {
	Base `yaml:",inline"`
}

// Check is to be written.
func (*RunAsNonRoot) Check(s *Subject) []Finding { return nil }

// Adjust is to be written.
func (*RunAsNonRoot) Adjust(s *Subject) []string { return nil }
