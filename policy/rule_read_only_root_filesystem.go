package policy

// ReadOnlyRootFilesystem is to be written.
type ReadOnlyRootFilesystem struct {
	Base `yaml:",inline"`
}

// Check is to be written.
func (*ReadOnlyRootFilesystem) Check(s *Subject) []Finding { return nil }

// Adjust is to be written.
func (*ReadOnlyRootFilesystem) Adjust(s *Subject) []string { return nil }
