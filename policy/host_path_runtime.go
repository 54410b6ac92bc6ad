package policy

import (
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// runtimeMade reports whether the container runtime made the source for this
// container. It lies in one of the runtime's own folders, in a place that has
// the ids of the pod and the container in its path. They are random and made up
// after the pod was written, so that no hostPath can name them beforehand;
// without an id nothing is the runtime's.
func (s *Subject) runtimeMade(m *specs.Mount, source resolution) (v VolumeType, ok bool) {
	parts, folder, ok := s.inRuntimeDir(source.path)
	if !ok || !s.straight(source, folder) {
		return noVolume, false
	}
	return s.runtimeForm(m, parts)
}

// inRuntimeDir reports whether the path lies in one of the runtime's folders, and
// gives the rest of it. Of folders that lie in each other the innermost counts.
func (s *Subject) inRuntimeDir(p string) (parts []string, folder resolution, ok bool) {
	for _, dir := range s.Host.RuntimeDirs() {
		at := s.lookUp(dir)
		rest, within := under(at.path, p)
		if within && at.err == nil && rest != "" && (!ok || len(at.path) > len(folder.path)) {
			parts, folder, ok = strings.Split(rest, "/"), at, true
		}
	}
	return parts, folder, ok
}

// likeRuntimeMade reports whether the source would be the runtime's if the folder
// that it lies in were.
func (s *Subject) likeRuntimeMade(m *specs.Mount, source string) bool {
	if _, _, known := s.inRuntimeDir(source); known {
		return false
	}
	parts := strings.Split(strings.TrimPrefix(source, "/"), "/")
	for i := range parts {
		if _, ok := s.runtimeForm(m, parts[i:]); ok {
			return true
		}
	}
	return false
}

// runtimeForm reports whether a path in one of the runtime's folders has the form
// of what a runtime makes for this container.
func (s *Subject) runtimeForm(m *specs.Mount, parts []string) (v VolumeType, ok bool) {
	switch {
	case parts[0] == "io.containerd.grpc.v1.cri":
		return s.containerdMade(m, parts[1:])
	case strings.HasSuffix(parts[0], "-containers"): // overlay-containers, vfs-containers
		return s.crioMade(m, parts[1:])
	case s.cryptoPolicies(m, parts):
		return runtimeFile, true
	default:
		return noVolume, false
	}
}

// Source: containerd 1.7 and 2.4, internal/cri/server (helpers.go,
// container_create.go, container_image_mount.go), plugins/cri/runtime.
func (s *Subject) containerdMade(m *specs.Mount, parts []string) (v VolumeType, ok bool) {
	if len(parts) < 3 {
		return noVolume, false
	}
	switch kind, id, rest := parts[0], parts[1], parts[2:]; kind {
	case "sandboxes":
		if s.isPod(id) && len(rest) == 1 {
			return podFile(rest[0], m.Destination)
		}
	case "containers": // the VOLUMEs of the container's image
		return anonymousVolume, s.isContainer(id) && rest[0] == "volumes" && len(rest) == 2
	case "image-volumes": // with a subPath the path goes on
		return imageVolume, s.isPod(id)
	}
	return noVolume, false
}

// Source: CRI-O 1.34, server/container_create.go and container_create_linux.go,
// utils/utils.go, with containers/storage's layout.
func (s *Subject) crioMade(m *specs.Mount, parts []string) (v VolumeType, ok bool) {
	if len(parts) < 3 || parts[1] != "userdata" {
		return noVolume, false
	}
	id, rest := parts[0], parts[2:]
	if s.isPod(id) && len(rest) == 1 {
		if v, ok := podFile(rest[0], m.Destination); ok {
			return v, true
		}
	}
	if !s.isContainer(id) {
		return noVolume, false
	}
	if rest[0] == "mounts" { // the VOLUMEs of the container's image
		return anonymousVolume, len(rest) == 2
	}
	destination := path.Clean(m.Destination)
	own := map[string]string{
		"passwd": "/etc/passwd", "group": "/etc/group", "localtime": "/etc/localtime",
		"fips-config": "/etc/crypto-policies/config", "sysctl-fips": "/proc/sys/crypto/fips_enabled",
	}
	if place, ok := own[strings.Join(rest, "/")]; ok {
		return whereMade(runtimeFile, place == destination)
	}
	return whereMade(runtimeFile, "/"+strings.Join(rest, "/") == destination) // what mounts.conf names
}

// cryptoPolicies reports whether the mount is CRI-O's of files that the container's image
// brings, on a node in FIPS mode: they lie in its root filesystem, which CRI-O has
// mounted in the storage. Before the root filesystem is shown, that of any
// container is taken for it.
//
// Source: containers/common 0.63, pkg/subscriptions (addFIPSMounts), of which CRI-O 1.34
// makes use in server/container_create.go.
func (s *Subject) cryptoPolicies(m *specs.Mount, parts []string) bool {
	if len(parts) < 4 || !strings.HasPrefix(parts[0], "overlay") && parts[0] != "vfs" {
		return false
	}
	file := "/" + path.Join(parts[3:]...)
	switch mountPoint(m) {
	case "/etc/crypto-policies/back-ends":
		if file != "/usr/share/crypto-policies/back-ends/FIPS" {
			return false
		}
	case "/etc/crypto-policies/config":
		if file != "/usr/share/crypto-policies/default-fips-config" {
			return false
		}
	default:
		return false
	}
	root := s.Spec.Root
	return root == nil || s.lookUp(path.Join(root.Path, file)).path == s.lookUp(m.Source).path
}

func (s *Subject) isPod(id string) bool { return isComponent(s.Pod.ID) && id == s.Pod.ID }

func (s *Subject) isContainer(id string) bool {
	return isComponent(s.Container.ID) && id == s.Container.ID
}

// podFile reports whether a runtime's file of that name, kept for a pod, is mounted
// where it belongs.
func podFile(name, destination string) (v VolumeType, ok bool) {
	places := map[string]string{
		"hostname":      "/etc/hostname",
		"hosts":         "/etc/hosts",
		"resolv.conf":   "/etc/resolv.conf",
		"shm":           "/dev/shm",
		".containerenv": "/run/.containerenv",
	}
	v = runtimeFile
	if name == "shm" {
		v = sharedMemory
	}
	place, ok := places[name]
	return whereMade(v, ok && place == path.Clean(destination))
}

// imageOverlay reports whether the mount is CRI-O's for an image volume: an
// overlay without an upper directory, of an image's layers in the storage over
// an empty folder. The kubelet can ask for bind mounts only, so no pod can bring
// one.
//
// Source: CRI-O 1.34, server/container_create_linux.go, mountImage, and
// safemount_linux.go.
func (s *Subject) imageOverlay(m *specs.Mount) bool {
	if m.Type != "overlay" {
		return false
	}
	options := slices.DeleteFunc(slices.Clone(m.Options), func(o string) bool { // what rules may have added takes away
		return slices.Contains(mountOptions(), MountOption(o))
	})
	if len(options) != 1 {
		return false
	}
	lower, ok := strings.CutPrefix(options[0], "lowerdir=")
	image, empty, two := strings.Cut(lower, ":")
	if !ok || !two || strings.ContainsAny(lower, `\,`) || path.Clean(image) != image {
		return false
	}
	if parts := s.runtimeParts(empty); len(parts) != 1 || parts[0] != "image-volumes" {
		return false
	}
	parts := s.runtimeParts(image)
	switch {
	case len(parts) == 3:
		return parts[0] == "overlay" && parts[2] == "merged"
	case len(parts) == 4: // a subPath, mounted in the container's own folder
		return strings.HasSuffix(parts[0], "-containers") && s.isContainer(parts[1]) && parts[2] == "userdata" &&
			strings.HasPrefix(parts[3], "subpath")
	default:
		return false
	}
}

// runtimeParts gives what of the path lies below one of the runtime's folders;
// nil where it lies in none, or a container may have led it there.
func (s *Subject) runtimeParts(p string) []string {
	r := s.lookUp(p)
	parts, folder, ok := s.inRuntimeDir(r.path)
	if r.err != nil || !ok || !s.straight(r, folder) {
		return nil
	}
	return parts
}
