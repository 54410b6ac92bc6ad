// Package host shows policy rules what they must know about the node.
package host

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	securejoin "github.com/cyphar/filepath-securejoin"

	"github.com/specguard/specguard/policy"
)

// Host is the node that the agent runs on. It is safe for concurrent use.
type Host struct {
	root    string // where the host's files are seen; "" if they are not
	kernel  string // where /sys and /proc are seen
	kubelet string
	runtime []string // the container runtime's folders
	sockets []string // that it has beside the usual ones
	seccomp string   // the folder of seccomp profiles; "" is the kubelet's
	mounts  string   // the mountinfo file of this process

	mu       sync.Mutex
	revision string
	profiles map[string]bool
}

var _ policy.Host = (*Host)(nil)

// New returns the node whose files are seen at root: "/" for an agent on the host itself,
// the place where the host's root is mounted for an agent in a container, "" for an agent
// that cannot see them. The mount must be recursive and have propagation from the host, so
// that volumes mounted later are seen. kubeletDir is the kubelet's root directory by the
// host's path; "" is the default. runtimeDirs are the container runtime's folders; none
// means the default ones.
//
// An agent in a container must not give "/": that is the container's own root, and the
// agent cannot tell it from the host's.
func New(root, kubeletDir string, runtimeDirs ...string) *Host {
	h := &Host{root: root, kernel: "/", kubelet: policy.DefaultKubeletDir, runtime: runtimeDirs, mounts: "/proc/self/mountinfo"}
	if len(runtimeDirs) == 0 {
		h.runtime = policy.DefaultRuntimeDirs()
	}
	if kubeletDir != "" {
		h.kubelet = path.Clean(kubeletDir)
	}
	if root == "" {
		return h
	}
	if real, err := filepath.EvalSymlinks(root); err == nil {
		h.root = real // as mountinfo names it
	}
	h.kernel = h.root
	return h
}

// KubeletDir returns the kubelet's root directory.
func (h *Host) KubeletDir() string { return h.kubelet }

// RuntimeDirs returns the container runtime's folders.
func (h *Host) RuntimeDirs() []string { return slices.Clone(h.runtime) }

// WithRuntimeSockets adds sockets of the container runtime, as the host names them, or as they are
// seen below the host's root.
func (h *Host) WithRuntimeSockets(sockets ...string) *Host {
	for _, s := range sockets {
		switch s = path.Clean(s); {
		case !path.IsAbs(s):
		case h.root != "" && within(h.root, s):
			h.sockets = append(h.sockets, h.onHost(s))
		default:
			h.sockets = append(h.sockets, s)
		}
	}
	return h
}

// RuntimeSockets are those that were added.
func (h *Host) RuntimeSockets() []string { return slices.Clone(h.sockets) }

// ResolvePath follows the symlinks in the path as the host would.
func (h *Host) ResolvePath(p string) (resolved string, links []string, err error) {
	if h.root == "" {
		return p, nil, policy.ErrNotVisible
	}
	if _, err := os.Stat(h.root); err != nil {
		return "", nil, fmt.Errorf("the host's files: %w", err)
	}
	vfs := &follower{proc: h.at("/proc")}
	full, err := securejoin.SecureJoinVFS(h.root, p, vfs)
	if err != nil {
		return "", nil, fmt.Errorf("resolve on the host: %w", h.strip(err))
	}
	for _, link := range vfs.links {
		links = append(links, h.onHost(link))
	}
	return h.onHost(full), links, nil
}

// follower reads symlinks and notes where they are; their folders are already resolved. It
// refuses links in proc: they are no paths, but lead into the files of a process, which may
// have another root, or of the reader itself (proc(5)).
type follower struct {
	proc  string
	links []string
}

func (*follower) Lstat(name string) (os.FileInfo, error) { return os.Lstat(name) }

func (f *follower) Readlink(name string) (string, error) {
	if name = filepath.Clean(name); within(f.proc, name) {
		return "", &os.PathError{Op: "follow", Path: name, Err: errors.New("a link of /proc may lead anywhere")}
	}
	f.links = append(f.links, name)
	return os.Readlink(name)
}

// onHost returns the host's name of a path below the root.
func (h *Host) onHost(full string) string {
	return path.Join("/", strings.TrimPrefix(full, strings.TrimSuffix(h.root, "/")))
}

// strip returns the error with the host's path.
func (h *Host) strip(err error) error {
	if perr, ok := errors.AsType[*os.PathError](err); ok {
		return &os.PathError{Op: perr.Op, Path: h.onHost(perr.Path), Err: perr.Err}
	}
	return err
}

// at returns the place at which the agent sees a path of the host.
func (h *Host) at(p string) string { return filepath.Join(h.root, p) }
