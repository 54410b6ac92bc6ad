package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// checkHandlers reports which runtime handlers have OCI runtimes that are not
// known to run the hooks that seals are.
func checkHandlers(_ context.Context, n *Node) []Finding {
	if n.Root == "" {
		return []Finding{notSeen("runtime handlers")}
	}
	var out []Finding
	for _, r := range n.runtimes {
		out = append(out, n.handlers(&r))
	}
	return out
}

func (n *Node) handlers(r *containerRuntime) Finding {
	closed := r.component == containerd && (n.Opener == "containerd" || n.Opener == "auto")
	var untested []string
	for _, name := range slices.Sorted(maps.Keys(r.config.Handlers)) {
		runtime, _ := r.config.Runtime(name)
		if !runtime.Runs(closed) && !slices.Contains(n.TestedHandlers, name) {
			untested = append(untested, fmt.Sprintf("%s (%s)", name, runtime))
		}
	}
	switch {
	case r.config.Err != nil:
		return problem("fix it", "%v", r.config.Err)
	case len(untested) > 0:
		return warning("test that it runs the hooks and stops if one fails, and name the handler in testedHandlers of "+n.ConfigFile,
			"%s: not known to run seals (OCI hooks): %s; their containers that need a seal are refused", r.component, strings.Join(untested, ", "))
	case len(r.config.Handlers) == 0:
		return ok("%s: only its own is configured", r.component)
	default:
		return ok("%s: %s", r.component, strings.Join(slices.Sorted(maps.Keys(r.config.Handlers)), ", "))
	}
}
