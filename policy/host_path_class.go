package policy

import (
	"cmp"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// hostMount is a mount that shows files of the host to a container.
type hostMount struct {
	at       int      // index in the spec's mounts
	source   string   // with symlinks resolved as far as they can be seen
	links    []string // those, each in its real place
	err      error    // why the source cannot be resolved
	readOnly bool

	propagation Propagation
}

// hostMount is the mount of that index, which has the origin.
func (o origin) hostMount(at int, m *specs.Mount) hostMount {
	return hostMount{
		at: at, source: o.source, links: o.links, err: o.err, readOnly: isReadOnly(m), propagation: propagation(m.Options),
	}
}

// hostMounts gives the mounts of the spec that show files of the host. What is
// not known to be something else is taken for one.
func (s *Subject) hostMounts() []hostMount {
	if s.settled == nil {
		return s.findHostMounts()
	}
	if !s.settled.listed {
		s.settled.hostMounts, s.settled.listed = s.findHostMounts(), true
	}
	return s.settled.hostMounts
}

func (s *Subject) findHostMounts() []hostMount {
	var out []hostMount
	for i := range s.Spec.Mounts {
		m := &s.Spec.Mounts[i]
		if o := s.origin(m); o.host {
			out = append(out, o.hostMount(i, m))
		}
	}
	return out
}

// origin is where what a mount shows comes from. source, links and err are as in
// hostMount, and there for every mount that is of a path of the host, also where
// the kubelet or the runtime made it.
type origin struct {
	volume VolumeType
	host   bool // it shows files of the host that nobody made for the container
	source string
	links  []string
	err    error
}

// origin finds it out, once where nothing edits the spec any more. The mount
// must be one of the spec's.
func (s *Subject) origin(m *specs.Mount) origin {
	if s.settled == nil {
		return s.findOrigin(m)
	}
	o, known := s.settled.origins[m]
	if !known {
		o = s.findOrigin(m)
		s.settled.origins[m] = o
	}
	return o
}

func (s *Subject) findOrigin(m *specs.Mount) origin {
	switch {
	case isPseudo(m):
		return origin{volume: pseudoVolume(m)}
	case s.imageOverlay(m):
		return origin{volume: imageVolume}
	case remounts(m):
		return origin{volume: unknownVolume, host: true, source: m.Source, err: errRemounts}
	case !showsSource(m):
		return origin{volume: unknownVolume, host: true, source: m.Source, err: errFilesystem}
	}
	r := s.lookUp(m.Source)
	o := origin{host: true, source: r.path, links: r.links, err: r.err}
	if r.err == nil {
		made := false
		o.volume, made = s.made(m, r)
		o.host = !made
	}
	if o.host {
		o.volume = cmp.Or(o.volume, hostVolume(m, r.err))
	}
	return o
}

// made reports whether the kubelet or the container runtime made the source for
// this container, or for sharing the host's memory, and what volume it is. Such
// a source is where they say: a symlink on the way that a container may have
// made makes it a path of the host as any other.
func (s *Subject) made(m *specs.Mount, r resolution) (v VolumeType, ok bool) {
	if v, ok := s.kubeletMade(m, r); ok || v != noVolume {
		return v, ok
	}
	if v, ok := s.runtimeMade(m, r); ok {
		return v, true
	}
	if s.hostShm(m, r) {
		return sharedMemory, true
	}
	return noVolume, s.hostSys(m, r)
}

// isPseudo reports whether the mount is a file system of the kernel that shows
// no files of the host. A bind mount is one whatever its type says, and so is what
// remounts: the kernel ignores the type then (mount(2), "Creating a bind mount").
func isPseudo(m *specs.Mount) bool {
	switch m.Type {
	case "proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2":
		return !slices.ContainsFunc(m.Options, func(o string) bool { return o == "bind" || o == "rbind" || o == "remount" })
	default:
		return false
	}
}

// errRemounts is about a mount that no kubelet and no runtime asks for.
var errRemounts = errors.New("it remounts an existing mount")

// showsSource reports whether the mount shows the files at its source. Other file
// systems take a device, a server or nothing from it, and the folders of an overlay
// stand in its options: where the source lies says nothing of what they show. Some
// OCI runtimes make a bind mount of what has no type.
func showsSource(m *specs.Mount) bool {
	return isBind(m) || m.Type == "" || m.Type == "none"
}

// errFilesystem is about a mount that no kubelet asks for, either.
var errFilesystem = errors.New("it mounts a file system other than that of its source")

// under reports whether the path is the directory or lies below it, by path
// component, and gives the rest of the path. Both are clean.
func under(dir, p string) (rest string, ok bool) {
	if p == dir {
		return "", true
	}
	if rest, ok = strings.CutPrefix(p, strings.TrimSuffix(dir, "/")); ok {
		if rest, ok = strings.CutPrefix(rest, "/"); ok {
			return rest, true
		}
	}
	return p, false
}

// isComponent reports whether the name stands for one component of a path.
func isComponent(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.Contains(name, "/")
}

// straight reports whether no symlink led to the source that a container may have
// made. Those that lead to the folder itself do not count.
func (s *Subject) straight(source, folder resolution) bool {
	link, _ := s.strayLink(source.links, folder)
	return link == ""
}

// hostShm reports whether the mount is the host's shared memory in a pod that
// shares the host's ipc namespace, or may do so: a matter of the rule
// hostNamespaces, once that is known.
func (s *Subject) hostShm(m *specs.Mount, r resolution) bool {
	return r.path == "/dev/shm" && path.Clean(m.Destination) == "/dev/shm" && s.straight(r, resolution{}) &&
		(s.sharesHost(specs.IPCNamespace) || s.Pod.NamespacePathsUnseen)
}

// hostSys reports whether the mount stands for the sysfs of a pod that has a user
// namespace and the host's network: a sysfs of a network that is not its own
// nobody can mount, so the runtime shows the host's, read-only. The process has no
// rights of the host's root there. That the host's network is shared is a matter
// of the rule hostNamespaces.
//
// Source: containerd 2.4, internal/cri/server/container_create.go; CRI-O 1.34,
// server/sandbox_run_linux.go.
func (s *Subject) hostSys(m *specs.Mount, r resolution) bool {
	return r.path == "/sys" && mountPoint(m) == "/sys" && isReadOnly(m) && s.straight(r, resolution{}) &&
		s.hasNamespace(specs.UserNamespace) && !s.joinsUsers() && s.sharesHost(specs.NetworkNamespace) && !s.mapsRoot()
}

// mapsRoot reports whether an id of the container's user namespace is the host's 0.
// Where no mappings are shown it finds none.
func (s *Subject) mapsRoot() bool {
	l := s.Spec.Linux
	return l != nil && (len(l.UIDMappings) > 0 && !avoidsRoot(l.UIDMappings) || len(l.GIDMappings) > 0 && !avoidsRoot(l.GIDMappings))
}
