package policy

// ProcMount is to be written.
type ProcMount struct {
	Base `yaml:",inline"`
}

// Check is to be written.
func (*ProcMount) Check(s *Subject) []Finding { return nil }

// Adjust is to be written.
func (*ProcMount) Adjust(s *Subject) []string { return nil }
