package doctor

import (
	"io/fs"
	"testing"
)

func TestWrapperVersion(t *testing.T) {
	const binary = "usr/local/bin/specguard-runtime"
	for name, c := range map[string]struct {
		files tree
		mode  fs.FileMode
		wants []want
	}{
		"not there":  {nil, 0, nil},
		"the same":   {tree{binary: programText("specguard-runtime v1.2.3")}, 0o755, []want{{OK, "/usr/local/bin/specguard-runtime has version v1.2.3"}}},
		"another":    {tree{binary: programText("specguard-runtime v1.2.2")}, 0o755, []want{{Warning, "has version v1.2.2, and specguard v1.2.3"}}},
		"older":      {tree{binary: programText("No help topic")}, 0o755, []want{{Warning, "does not say its version: it is older than specguard v1.2.3"}}},
		"older, too": {tree{binary: "#!/bin/sh\nexit 3\n"}, 0o755, []want{{Warning, "does not say its version: /usr/local/bin/specguard-runtime specguard-version: exit status 3"}}},
		"of others":  {tree{binary: programText("specguard-runtime v1.2.3")}, 0o777, []want{{Warning, "not run: "}}},
	} {
		t.Run(name, func(t *testing.T) {
			n := fake(t, c.files)
			n.Version = "v1.2.3"
			if c.mode != 0 {
				chmod(t, n.Root+"/"+binary, c.mode)
			}
			expect(t, checkWrapperVersion(t.Context(), n), c.wants...)
		})
	}
	n := fake(t, nil)
	n.Root = ""
	expect(t, checkWrapperVersion(t.Context(), n))
}
