package wrapper

import (
	"strings"

	"github.com/specguard/specguard/internal/cni"
	"github.com/specguard/specguard/plugin/wrapperapi"
)

// sandboxOf is what the host shows of a container's pod: the spec in the
// sandbox's own bundle, which runtimes keep beside those of the pod's
// containers under its id, and what its network was made with.
func sandboxOf(bundle, id, sandboxID string) *wrapperapi.Sandbox {
	if sandboxID == "" || strings.ContainsAny(sandboxID, "/*?[\\") || sandboxID == ".." {
		return nil
	}
	out := &wrapperapi.Sandbox{ID: sandboxID}
	if beside, ok := sibling(bundle, id, sandboxID); ok {
		if b, err := openBundle(beside); err == nil {
			out.Spec = b.spec
			_ = b.Close()
		}
	}
	out.PortMappings, out.Networked = cni.PortMappings(cni.Cache, sandboxID)
	return out
}

// sibling is the bundle's path with another container's id in place of its own.
func sibling(bundle, id, other string) (string, bool) {
	parts := strings.Split(bundle, "/")
	found := 0
	for i, p := range parts {
		if p == id {
			parts[i] = other
			found++
		}
	}
	return strings.Join(parts, "/"), found == 1
}
