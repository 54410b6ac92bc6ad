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
	at     int    // index in the spec's mounts
	source string // with symlinks resolved as far as they can be seen
	err    error  // why the source cannot be resolved
}

// hostMounts gives the mounts of the spec that show files of the host. What is
// not known to be something else is taken for one.
func (s *Subject) hostMounts() []hostMount {
	var out []hostMount
	for i := range s.Spec.Mounts {
		if o := s.origin(&s.Spec.Mounts[i]); o.host {
			out = append(out, hostMount{at: i, source: o.source, err: o.err})
		}
	}
	return out
}

// origin is where what a mount shows comes from.
type origin struct {
	volume VolumeType
	host   bool   // it shows files of the host; the rest is for this case
	source string // as in hostMount
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
	}
	source, err := s.resolve(m.Source)
	volume, made := noVolume, false
	if err == nil {
		volume, made = s.made(m, source)
	}
	if made {
		return origin{volume: volume}
	}
	return origin{volume: cmp.Or(volume, hostVolume(m, err)), host: true, source: source, err: err}
}

// made tells whether the kubelet or the container runtime made the source for
// this container, or for sharing the host's memory, and what volume it is.
func (s *Subject) made(m *specs.Mount, source string) (v VolumeType, ok bool) {
	if v, ok := s.kubeletMade(m, source); ok || v != noVolume {
		return v, ok
	}
	if v, ok := s.runtimeMade(m, source); ok {
		return v, true
	}
	if s.hostShm(m, source) {
		return sharedMemory, true
	}
	return noVolume, false
}

// isPseudo tells whether the mount is a file system of the kernel that shows
// no files of the host. A bind mount is one whatever its type says: the kernel
// ignores the type then (mount(2), "Creating a bind mount").
func isPseudo(m *specs.Mount) bool {
	types := []string{"proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2"}
	binds := func(option string) bool { return option == "bind" || option == "rbind" }
	return slices.Contains(types, m.Type) && !slices.ContainsFunc(m.Options, binds)
}

// resolve gives the path with the host's symlinks followed. Where the host
// cannot be seen, only what is a symlink on every distribution is. One decision
// has one answer for a path.
func (s *Subject) resolve(p string) (string, error) {
	if !path.IsAbs(p) {
		return p, errors.New("it is no absolute path")
	}
	if climbs(p) { // the parent of what a symlink before it leads to
		return p, errors.New(`it has ".." in it`)
	}
	p = path.Clean(p)
	r, known := s.paths[p]
	if !known {
		r.path, r.err = s.resolveNow(p)
		if s.paths == nil {
			s.paths = make(map[string]resolution)
		}
		s.paths[p] = r
	}
	return r.path, r.err
}

// resolution is what became of a path.
type resolution struct {
	path string
	err  error
}

func (s *Subject) resolveNow(p string) (string, error) {
	resolved, err := s.Host.ResolvePath(p)
	if err == nil {
		return resolved, nil
	}
	if !errors.Is(err, ErrNotVisible) {
		return p, err
	}
	for _, alias := range []struct{ from, to string }{{"/var/run", "/run"}, {"/var/lock", "/run/lock"}} {
		if rest, ok := under(alias.from, p); ok {
			p = path.Join(alias.to, rest)
		}
	}
	return p, nil
}

// under tells whether the path is the directory or lies below it, by path
// component, and gives the rest of the path. Both are clean.
func under(dir, p string) (rest string, ok bool) {
	if p == dir {
		return "", true
	}
	return strings.CutPrefix(p, strings.TrimSuffix(dir, "/")+"/")
}

// isComponent tells whether the name stands for one component of a path.
func isComponent(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.Contains(name, "/")
}

// kubeletMade tells whether the kubelet made the source for this container: it
// keeps a pod's volumes, its hosts file and the termination logs in a directory
// with the pod's uid. A hostPath volume is mounted from its own place, but
// where it has a subPath it is mounted from volume-subpaths, as the others are;
// it is of unknown type where that cannot be told.
func (s *Subject) kubeletMade(m *specs.Mount, source string) (v VolumeType, ok bool) {
	dir, err := s.resolve(s.Host.KubeletDir())
	if err != nil || !isComponent(s.Pod.UID) {
		return noVolume, false
	}
	rest, ok := under(path.Join(dir, "pods", s.Pod.UID), source)
	if !ok {
		return noVolume, false
	}
	parts := strings.Split(rest, "/")
	switch {
	case parts[0] == "etc-hosts":
		return noVolume, len(parts) == 1 && path.Clean(m.Destination) == "/etc/hosts"
	case len(parts) < 3:
		return noVolume, false
	case parts[0] == "volumes":
		return pluginVolume(parts[1]), true
	case parts[0] == "containers":
		return noVolume, parts[1] == s.Container.Name
	case parts[0] == "volume-subpaths" && len(parts) == 4 && parts[2] == s.Container.Name:
		return s.subPath(source)
	default:
		return noVolume, false
	}
}

// subPath asks the host what the kubelet has mounted for a subPath.
func (s *Subject) subPath(source string) (v VolumeType, ok bool) {
	plugin, ok := s.Host.PodVolume(s.Pod.UID, source)
	if ok && plugin == "" {
		return hostPath, false
	}
	return pluginVolume(plugin), ok
}

// runtimeMade tells whether the container runtime made the source for this
// container. It is told by the ids of the pod and the container in the path.
// They are random and made up after the pod was written, so that no hostPath
// can name them beforehand; without an id nothing is the runtime's.
//
// Source: containerd 1.7 and 2.4, internal/cri/server (helpers.go,
// container_create.go, container_image_mount.go); CRI-O 1.34,
// server/container_create.go, with containers/storage's layout.
func (s *Subject) runtimeMade(m *specs.Mount, source string) (v VolumeType, ok bool) {
	if !strings.Contains(source, "io.containerd.grpc.v1.cri") && !strings.Contains(source, "-containers/") {
		return noVolume, false
	}
	parts := strings.Split(strings.TrimPrefix(source, "/"), "/")
	for i, part := range parts {
		switch {
		case part == "io.containerd.grpc.v1.cri":
			v, ok = s.containerdMade(m, parts[i+1:])
		case strings.HasSuffix(part, "-containers"): // overlay-containers, vfs-containers
			v, ok = s.crioMade(m, parts[i+1:])
		}
		if ok {
			return v, true
		}
	}
	return noVolume, false
}

func (s *Subject) containerdMade(m *specs.Mount, parts []string) (v VolumeType, ok bool) {
	if len(parts) < 3 {
		return noVolume, false
	}
	switch kind, id, rest := parts[0], parts[1], parts[2:]; kind {
	case "sandboxes":
		if isComponent(s.Pod.ID) && id == s.Pod.ID && len(rest) == 1 {
			return podFile(rest[0], m.Destination)
		}
	case "containers": // the VOLUMEs of the container's image
		return anonymousVolume, isComponent(s.Container.ID) && id == s.Container.ID && rest[0] == "volumes" && len(rest) == 2
	case "image-volumes":
		return imageVolume, isComponent(s.Pod.ID) && id == s.Pod.ID
	}
	return noVolume, false
}

func (s *Subject) crioMade(m *specs.Mount, parts []string) (v VolumeType, ok bool) {
	if len(parts) < 3 || parts[1] != "userdata" {
		return noVolume, false
	}
	id, rest := parts[0], parts[2:]
	if isComponent(s.Pod.ID) && id == s.Pod.ID && len(rest) == 1 {
		if v, ok := podFile(rest[0], m.Destination); ok {
			return v, true
		}
	}
	if !isComponent(s.Container.ID) || id != s.Container.ID {
		return noVolume, false
	}
	if rest[0] == "mounts" && len(rest) == 2 { // the VOLUMEs of the container's image
		return anonymousVolume, true
	}
	return noVolume, "/"+strings.Join(rest, "/") == path.Clean(m.Destination) // what mounts.conf names
}

// podFile tells whether a runtime's file of that name, kept for a pod, is mounted
// where it belongs.
func podFile(name, destination string) (v VolumeType, ok bool) {
	places := map[string]string{
		"hostname":      "/etc/hostname",
		"hosts":         "/etc/hosts",
		"resolv.conf":   "/etc/resolv.conf",
		"shm":           "/dev/shm",
		".containerenv": "/run/.containerenv",
	}
	if name == "shm" {
		v = sharedMemory
	}
	place, ok := places[name]
	return v, ok && place == path.Clean(destination)
}

// imageOverlay tells whether the mount is CRI-O's for an image volume: an
// overlay without an upper directory, over an image's layers in the storage.
// The kubelet can ask for bind mounts only, so no pod can bring one.
//
// Source: CRI-O 1.34, server/container_create_linux.go, mountImage.
func (s *Subject) imageOverlay(m *specs.Mount) bool {
	if m.Type != "overlay" || len(m.Options) != 1 {
		return false
	}
	lower, ok := strings.CutPrefix(m.Options[0], "lowerdir=")
	image, empty, two := strings.Cut(lower, ":")
	if !ok || !two || strings.ContainsAny(lower, `\,`) || path.Clean(image) != image || path.Base(empty) != "image-volumes" {
		return false
	}
	parts := strings.Split(strings.TrimPrefix(image, "/"), "/")
	n := len(parts)
	if n >= 3 && parts[n-1] == "merged" && parts[n-3] == "overlay" {
		return true
	}
	at := slices.Index(parts, "userdata") // a subPath, mounted below the container's own directory
	return at > 0 && isComponent(s.Container.ID) && parts[at-1] == s.Container.ID
}

// hostShm tells whether the mount is the host's shared memory in a pod that
// shares the host's ipc namespace, or may do so: a matter of the rule
// hostNamespaces, once that is known.
func (s *Subject) hostShm(m *specs.Mount, source string) bool {
	return source == "/dev/shm" && path.Clean(m.Destination) == "/dev/shm" &&
		(s.sharesHost(specs.IPCNamespace) || s.Pod.NamespacePathsUnseen)
}
