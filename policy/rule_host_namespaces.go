package policy

// HostNamespaces is to be written.
type HostNamespaces struct {
	Base `yaml:",inline"`
}

// Check is to be written.
func (*HostNamespaces) Check(s *Subject) []Finding { return nil }

// Adjust is to be written.
func (*HostNamespaces) Adjust(s *Subject) []string { return nil }
