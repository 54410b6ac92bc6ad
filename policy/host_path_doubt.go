package policy

import (
	"path"

	"github.com/specguard/specguard/internal/strict"
)

// doubtForbidden tells of allowed paths that are forbidden on every usual node, and of a list that forbids
// every path.
func (h *HostPaths) doubtForbidden() []error {
	var out []error
	for i, a := range h.Allowed {
		for _, f := range h.Forbidden {
			for _, p := range f.usualPaths() {
				if _, in := under(usualPath(p), usualPath(string(a.Path))); in {
					out = append(out, strict.Entry("allowed", i, "%s allows nothing: forbidden has %s, which covers it", a.Path, f))
					break
				}
			}
		}
	}
	for i, f := range h.Forbidden {
		if f == "/" {
			out = append(out, strict.Entry("forbidden", i, "/ forbids every path of the host (write allowed: [], with which an exception can allow "+
				"one)"))
		}
	}
	return out
}

// usualPaths are the paths that are forbidden on a node whose agent is not told of others.
func (f ForbiddenPath) usualPaths() []string {
	if f != runtimeSockets {
		return []string{string(f)}
	}
	var out []string
	for _, o := range socketPaths(NoHost{}) {
		out = append(out, o.paths...)
	}
	return out
}

// usualPath is where the path leads on nearly every node.
//
// Source: Filesystem Hierarchy Standard 3.0, "/var/run" and "/var/lock".
func usualPath(p string) string {
	for link, to := range map[string]string{"/var/run": "/run", "/var/lock": "/run/lock"} {
		if rest, in := under(link, p); in {
			return path.Join(to, rest)
		}
	}
	return p
}
