package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/mod/semver"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/specguard/specguard/internal/runtimeconfig"
)

// The names of the container runtimes in the list of vulnerabilities.
const (
	containerd = "containerd"
	crio       = "cri-o"
)

// containerRuntime is a container runtime that has a socket on the node.
type containerRuntime struct {
	component string
	socket    string
	config    runtimeconfig.Config

	version version
	err     error // why its version is not known
}

// ask asks the runtime for its version; it reports whether there is a runtime.
func (r *containerRuntime) ask(ctx context.Context) bool {
	if _, err := os.Stat(r.socket); errors.Is(err, fs.ErrNotExist) {
		return false
	}
	name, text, err := criVersion(ctx, r.socket)
	if err != nil {
		r.err = err
		return true
	}
	if name == containerd || name == crio { // which may be at the other's socket: criSocket can name any
		r.component = name
	}
	var known bool
	if r.version, known = parseVersion(text); !known {
		r.err = fmt.Errorf("its version is %q", text)
	}
	return true
}

// same reports whether both sockets are one runtime's.
func (r *containerRuntime) same(other containerRuntime) bool {
	a, errA := os.Stat(r.socket)
	b, errB := os.Stat(other.socket)
	return errA == nil && errB == nil && os.SameFile(a, b)
}

func (r *containerRuntime) String() string { return r.component + " " + r.version.text }

// before reports whether the runtime is older than the version.
func (r *containerRuntime) before(version string) bool {
	return semver.Compare(r.version.semver, version) < 0
}

// checkRuntime reports which container runtimes answer, and whether they have NRI.
func checkRuntime(_ context.Context, n *Node) []Finding {
	if len(n.runtimes) == 0 {
		return []Finding{problem("start the runtime, or name its socket: --containerd-socket or --cri-socket",
			"no container runtime: neither %s nor %s exists", n.ContainerdSocket, n.CRIOSocket)}
	}
	table, err := readNRIReleases()
	if err != nil {
		return []Finding{problem("report this", "%v", err)}
	}
	var out []Finding
	for _, r := range n.runtimes {
		switch since := table.first(r.component); {
		case status.Code(r.err) == codes.Unimplemented:
			out = append(out, problem("remove cri from disabled_plugins in "+r.config.Path, "%s at %s does not serve CRI", r.component, r.socket))
		case r.err != nil:
			out = append(out, problem("read the runtime's log; doctor must run as root", "%s does not answer at %s: %v", r.component, r.socket,
				r.err))
		case r.before(since.semver):
			out = append(out, problem(fmt.Sprintf("update to %s %s or later", r.component, since.text), "%s has no NRI", &r))
		default:
			out = append(out, ok("%s at %s", &r, r.socket))
		}
	}
	return out
}
