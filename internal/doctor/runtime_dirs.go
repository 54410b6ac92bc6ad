package doctor

import (
	"context"
	"path"
	"slices"
	"strings"
)

// checkRuntimeDirs reports whether the agent knows the folders in which the
// runtimes keep what they make for pods. From elsewhere it is a host path.
func checkRuntimeDirs(_ context.Context, n *Node) []Finding {
	var out []Finding
	known := make([]string, len(n.host.RuntimeDirs()))
	for i, dir := range n.host.RuntimeDirs() {
		known[i] = n.resolved(dir)
	}
	for _, r := range n.runtimes {
		if r.config.Err != nil { // nri-config reports it
			continue
		}
		var missing []string
		for _, dir := range r.config.Dirs {
			if !slices.Contains(known, n.resolved(dir)) { // a folder above it is not enough
				missing = append(missing, dir)
			}
		}
		if len(missing) > 0 {
			out = append(out, warning("name all the runtime's folders in host.runtimeDirs of the agent's configuration",
				"%s keeps files in %s, which host.runtimeDirs does not name: files that it makes there for containers, such as /dev/shm, count "+
					"as host paths",
				r.component, strings.Join(missing, " and ")))
			continue
		}
		out = append(out, ok("%s keeps its files in %s", r.component, strings.Join(r.config.Dirs, ", ")))
	}
	return out
}

// resolved returns the path with the host's symlinks resolved, if they can be seen.
func (n *Node) resolved(p string) string {
	if at, _, err := n.host.ResolvePath(p); err == nil {
		return at
	}
	return path.Clean(p)
}
