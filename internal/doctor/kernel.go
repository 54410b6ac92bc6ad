package doctor

import (
	"context"

	"golang.org/x/mod/semver"
)

// checkKernel reports the kernel's version. Recursively read-only mounts need
// mount_setattr, which Linux has since 5.12 (mount_setattr(2)).
func checkKernel(_ context.Context, n *Node) []Finding {
	v, known := parseVersion(n.kernel)
	switch {
	case !known:
		return []Finding{warning("", "the kernel's version is not known (%q)", n.kernel)}
	case semver.Compare(v.semver, "v5.12.0") < 0:
		return []Finding{warning("update to Linux 5.12 or later, for mounts that are recursively read-only (rro)", "Linux %s", n.kernel)}
	default:
		return []Finding{ok("Linux %s", n.kernel)}
	}
}
