package policy

// SeccompProfile is to be written.
type SeccompProfile struct {
	Base `yaml:",inline"`
}

// Check is to be written.
func (*SeccompProfile) Check(s *Subject) []Finding { return nil }

// Adjust is to be written.
func (*SeccompProfile) Adjust(s *Subject) []string { return nil }
