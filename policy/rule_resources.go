package policy

// Resources is to be written.
type Resources struct {
	Base `yaml:",inline"`
}

// Check is to be written.
func (*Resources) Check(s *Subject) []Finding { return nil }

// Adjust is to be written.
func (*Resources) Adjust(s *Subject) []string { return nil }
