package policy

import "pgregory.net/rapid"

// DrawDocs draws policies and exceptions, for tests outside the package.
func DrawDocs(t *rapid.T) []string { return drawDocs(t) }
