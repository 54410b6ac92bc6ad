package doctor

import (
	"context"
	"path"
	"slices"

	"golang.org/x/mod/semver"
)

// checkCheckpoints reports whether the node restores containers from checkpoints. Their
// privileges are in the checkpoint, where no policy sees them.
func checkCheckpoints(_ context.Context, n *Node) []Finding {
	if n.Root == "" {
		return []Finding{notSeen("criu, which restores checkpoints")}
	}
	criu := n.criu()
	var out []Finding
	for _, r := range n.runtimes {
		if r.err == nil {
			out = append(out, n.restores(&r, criu))
		}
	}
	return out
}

// criu is the program that restores processes; "" if the node has none.
func (n *Node) criu() string {
	for _, folder := range programFolders() {
		if name := path.Join(folder, "criu"); n.files.executable(name) == nil {
			return name
		}
	}
	return ""
}

func (n *Node) restores(r *containerRuntime, criu string) Finding {
	w := n.wrapper(r)
	switch {
	case r.component == containerd && !r.restoresCheckpoints():
		return ok("%s restores no checkpoints", r)
	case r.component == crio && r.config.CRIUOff:
		return ok("%s restores no checkpoints: enable_criu_support = false", r)
	case criu == "":
		return ok("%s: cannot restore checkpoints: criu is not installed", r)
	case w.usable() && len(w.without) == 0:
		return ok("%s: specguard-runtime refuses to restore them", r)
	case r.component == containerd:
		return warning("update to 2.2.7, 2.3.4 or later, which do not restore checkpoints",
			"%s restores them with %s: the agent refuses that while it is connected, if an enforcing policy matches", r, criu)
	default:
		return problem("set enable_criu_support = false under [crio.runtime], or "+install,
			"%s restores them with %s, with privileges that no policy sees: NRI does not show it, and crun then runs no hooks, so no seals", r, criu)
	}
}

// restoresCheckpoints reports whether the containerd restores checkpoints when CRI
// asks for a container of a checkpoint's image.
func (r *containerRuntime) restoresCheckpoints() bool {
	return slices.ContainsFunc([][2]string{{"v2.1.0", "v2.2.7"}, {"v2.3.0", "v2.3.4"}}, func(since [2]string) bool {
		return semver.Compare(r.version.semver, since[0]) >= 0 && semver.Compare(r.version.semver, since[1]) < 0
	})
}
