package policy

// AppArmorProfile is to be written.
type AppArmorProfile struct {
	Base `yaml:",inline"`
}

// Check is to be written.
func (*AppArmorProfile) Check(s *Subject) []Finding { return nil }

// Adjust is to be written.
func (*AppArmorProfile) Adjust(s *Subject) []string { return nil }
