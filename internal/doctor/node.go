package doctor

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/specguard/specguard/internal/hostfile"
	"github.com/specguard/specguard/internal/runtimeconfig"
	"github.com/specguard/specguard/plugin/host"
	"github.com/specguard/specguard/plugin/recordsize"
	"github.com/specguard/specguard/policy"
)

// Settings say where to look, and how the agent is configured.
type Settings struct {
	// Root is the folder with the host's files, as the agent's host.root; "" if they cannot be
	// seen.
	Root string

	// RuntimeDirs are the agent's host.runtimeDirs; none means the default ones.
	RuntimeDirs []string

	// SeccompDir is the node's folder of seccomp profiles, by the host's path.
	SeccompDir string

	// The sockets, by the agent's paths.
	ContainerdSocket, CRIOSocket, NRISocket string

	// The runtimes' configuration files, by the host's paths.
	ContainerdConfig, CRIOConfig string

	// ConfigFile and PolicyDir are the agent's, by its own paths.
	ConfigFile, PolicyDir string

	// Policies reads the policies as the agent does.
	Policies func() (*policy.Set, error)

	// Oversized returns the records that are too large for the agent to be sure that it can
	// connect. It asks the runtime at the socket, by CRI.
	Oversized func(ctx context.Context, socket string) ([]*recordsize.TooLarge, error)

	// Data is the list of known vulnerabilities; nil is the built-in list. Now returns the
	// time; nil is the clock.
	Data *Data
	Now  func() time.Time

	// Bundles are the agent's host.bundles.
	Bundles []string

	// TestedHandlers are the runtime handlers whose OCI runtimes the operator has tested.
	TestedHandlers []string

	Version string // of this program; "" if it is not known

	Plugin string // the name that the agent registers with NRI
	Opener string // auto, containerd, runtime or verify
	Hook   string // the seal's hook, specguard-runtime, by the host's path
	HTTP   string // address of the agent's /readyz; "" for none
}

// Node is a node and what was found out about it.
type Node struct {
	Settings
	host   *host.Host
	files  files // of the host
	own    files // as the agent sees them
	kernel string
	statfs func(path string) (fileSystem int64, err error)
	socket func(family, kind, protocol int) error // opens one, and closes it
	se     seQueries

	runtimes   []containerRuntime
	programs   []program // OCI runtimes
	companions []program // other programs that have a part in running containers
	wrapped    wrapped
}

// Inspect asks the node's runtimes and reads their configuration.
func Inspect(ctx context.Context, s Settings) *Node {
	n := newNode(s)
	n.kernel = kernelRelease()
	n.inspect(ctx)
	return n
}

func newNode(s Settings) *Node {
	h := host.New(s.Root, "", s.RuntimeDirs...).WithSeccompDir(s.SeccompDir)
	return &Node{
		Settings: s,
		host:     h,
		files:    files{Tree: hostfile.New(s.Root, h)},
		own:      files{Tree: hostfile.New("/", host.New("/", ""))},
		statfs:   statfs,
		socket:   openSocket,
		se:       askSELinux(),
	}
}

func (n *Node) inspect(ctx context.Context) {
	n.wrapped = readWrapped(n.files)
	configs := map[string]runtimeconfig.Config{
		containerd: runtimeconfig.ReadContainerd(n.files.Tree, n.ContainerdConfig),
		crio:       runtimeconfig.ReadCRIO(n.files.Tree, n.CRIOConfig),
	}
	for _, r := range []containerRuntime{{component: containerd, socket: n.ContainerdSocket}, {component: crio, socket: n.CRIOSocket}} {
		if r.ask(ctx) && !slices.ContainsFunc(n.runtimes, r.same) {
			r.config = configs[r.component]
			n.runtimes = append(n.runtimes, r)
		}
	}
	n.programs = n.findPrograms(ctx)
	n.companions = n.findCompanions(ctx)
}

func kernelRelease() string {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return ""
	}
	return unix.ByteSliceToString(name.Release[:])
}

func statfs(path string) (int64, error) {
	var s unix.Statfs_t
	err := unix.Statfs(path, &s)
	return s.Type, err
}

func openSocket(family, kind, protocol int) error {
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}
