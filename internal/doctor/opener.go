package doctor

import (
	"context"
	"errors"
	"io/fs"
	"strings"
)

const install = "run specguard install"

// checkOpener reports how the agent would read and adjust full specs, and whether it can.
func checkOpener(_ context.Context, n *Node) []Finding {
	var out []Finding
	for _, r := range n.runtimes {
		opener := n.Opener
		if opener == "auto" {
			opener = "runtime"
			if r.component == containerd {
				opener = "containerd"
			}
		}
		switch {
		case opener != "containerd":
			out = append(out, n.byWrapper(&r, opener))
		case r.component == containerd:
			out = append(out, n.byContainerd(&r))
		default:
			out = append(out, problem("use --opener auto", "%s: opener containerd works with containerd only", &r))
		}
	}
	return out
}

// byContainerd judges the opener that uses containerd's API.
func (n *Node) byContainerd(r *containerRuntime) Finding {
	info, err := n.own.Stat(r.socket)
	switch {
	case err != nil:
		return problem("let the agent see containerd's socket", "%v", err)
	case r.err != nil:
		return problem("make sure that containerd answers", "containerd, which does not answer at %s", r.socket)
	}
	if f := n.own.reachable(r.socket, info); f != nil && f.Status == Problem {
		return *f
	}
	return ok("containerd, by its API at %s", r.socket)
}

// byWrapper judges the openers that need specguard-runtime on the host.
func (n *Node) byWrapper(r *containerRuntime, opener string) Finding {
	w := n.wrapper(r)
	switch {
	case n.Root == "":
		return notSeen(n.Hook)
	case errors.Is(w.missing, fs.ErrNotExist):
		return problem(install, "%s: %s is not there", r.component, n.Hook)
	case w.missing != nil:
		return problem(install, "%s: %v", r.component, w.missing)
	case w.loose != "":
		return problem("let only root write it: chown root: and chmod go-w", "%s: %s", r.component, w.loose)
	case opener == "verify":
		return ok("%s: verify, by the hook %s: it can deny, but cannot adjust", r.component, n.Hook)
	case len(w.with) == 0 && n.Opener == "auto":
		return warning(install+", which sets it as the OCI runtime in "+r.config.Path+".d",
			"%s: verify: %s exists, but is not an OCI runtime in %s; specs can be denied, but not adjusted", r.component, n.Hook, r.config.Path)
	case len(w.with) == 0:
		return problem(install+", or name it in "+r.config.Path, "%s: %s is not an OCI runtime in %s", r.component, n.Hook, r.config.Path)
	case len(w.without) > 0:
		return warning("name "+n.Hook+" or a link to it for them, too", "%s: runtime, for the handlers %s; not for %s",
			r.component, strings.Join(w.with, ", "), strings.Join(w.without, ", "))
	default:
		return ok("%s: runtime, for the handlers %s", r.component, strings.Join(w.with, ", "))
	}
}
