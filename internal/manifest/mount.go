package manifest

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// mounts makes the container's mounts as containerd does: its default ones but
// those that something else is mounted on, then the kubelet's and those of its
// own that the kubelet's do not replace, by the depth of their destinations.
//
// Source: containerd, pkg/oci/mounts.go, internal/cri/opts (withMounts) and
// internal/cri/server (linuxContainerMounts).
func (b *builder) mounts(at string) error {
	mounts, err := b.kubeletMounts(at)
	if err != nil {
		return err
	}
	for _, m := range b.runtimeMounts() {
		if !covers(mounts, m.Destination) {
			mounts = append(mounts, m)
		}
	}
	depth := func(m specs.Mount) int { return strings.Count(path.Clean(m.Destination), "/") }
	slices.SortStableFunc(mounts, func(a, b specs.Mount) int { return cmp.Compare(depth(a), depth(b)) })

	for _, m := range b.defaultMounts() {
		overDev := covers(mounts, "/dev") && strings.HasPrefix(m.Destination, "/dev/")
		if !overDev && !covers(mounts, m.Destination) {
			b.spec.Mounts = append(b.spec.Mounts, m)
		}
	}
	b.spec.Mounts = append(b.spec.Mounts, mounts...)
	return nil
}

// covers reports whether something is mounted right there.
func covers(mounts []specs.Mount, destination string) bool {
	return slices.ContainsFunc(mounts, func(m specs.Mount) bool { return path.Clean(m.Destination) == destination })
}

// kubeletMounts are the container's volumes, the token of the service account,
// the hosts file and the file for the last words.
func (b *builder) kubeletMounts(at string) ([]specs.Mount, error) {
	const token = "/var/run/secrets/kubernetes.io/serviceaccount" //nolint:gosec // a path
	var out []specs.Mount
	for i := range b.container.VolumeMounts {
		m, err := b.volumeMount(i, join(at, "volumeMounts"))
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	auto := b.pod.Spec.AutomountServiceAccountToken
	taken := slices.ContainsFunc(b.container.VolumeMounts, func(m volumeMount) bool { return m.MountPath == token })
	if b.token && !taken && (auto == nil || *auto) {
		out = append(out, b.bind(path.Join(b.pod.dir, "volumes/kubernetes.io~projected", automaticToken), token, "ro"))
	}
	if !slices.ContainsFunc(b.container.VolumeMounts, func(m volumeMount) bool { return m.MountPath == "/etc/hosts" }) {
		out = append(out, b.bind(path.Join(b.pod.dir, "etc-hosts"), "/etc/hosts", "rw"))
	}
	log := path.Join(b.pod.dir, "containers", b.container.Name, b.pod.ids.container(b.container.Name)[:8])
	return append(out, b.bind(log, absolute(cmp.Or(b.container.TerminationMessagePath, "/dev/termination-log")), "rw")), nil
}

// volumeMount mounts one of the pod's volumes.
func (b *builder) volumeMount(index int, at string) (specs.Mount, error) {
	vm := &b.container.VolumeMounts[index]
	v := b.pod.volume(vm.Name)
	switch {
	case v == nil:
		return specs.Mount{}, vm.At.fault(at, "the pod has no volume %q", vm.Name)
	case vm.MountPath == "":
		return specs.Mount{}, vm.At.fault(at, "has no mountPath")
	}
	b.note(v.note())
	source, err := b.mountSource(index, v, at)
	if err != nil {
		return specs.Mount{}, err
	}
	m := b.bind(source, absolute(vm.MountPath), "rw")
	if v.plugin.kind == image { // whose ids containerd maps elsewhere
		m.UIDMappings, m.GIDMappings = nil, nil
	}
	if vm.ReadOnly || v.plugin.readOnly || v.source.ReadOnly {
		m.Options[2] = "ro"
		if vm.RecursiveReadOnly == rroEnabled || vm.RecursiveReadOnly == rroIfPossible {
			m.Options[2] = "rro"
		}
	}
	switch vm.MountPropagation {
	case bidirectional:
		m.Options[1], b.spec.Linux.RootfsPropagation = "rshared", "rshared"
	case hostToContainer:
		m.Options[1] = "rslave"
		b.spec.Linux.RootfsPropagation = cmp.Or(b.spec.Linux.RootfsPropagation, "rslave")
	}
	return m, nil
}

// mountSource is what of the volume is mounted. A subPath the kubelet mounts
// elsewhere first, but not one of an image.
func (b *builder) mountSource(index int, v *volume, at string) (string, error) {
	vm := &b.container.VolumeMounts[index]
	source := v.path(b.pod.dir, b.pod)
	sub := cmp.Or(vm.SubPathExpr, vm.SubPath)
	switch {
	case sub == "":
		return source, nil
	case path.IsAbs(sub) || slices.Contains(strings.Split(sub, "/"), ".."):
		return "", vm.At.fault(at, "subPath must not be absolute or have .. in it")
	case v.plugin.kind == image:
		return path.Join(source, sub), nil
	default:
		return path.Join(b.pod.dir, "volume-subpaths", v.name, b.container.Name, strconv.Itoa(index)), nil
	}
}

// runtimeMounts are the files that containerd keeps for the pod.
func (b *builder) runtimeMounts() []specs.Mount {
	const state, files = "/run/containerd/io.containerd.grpc.v1.cri/sandboxes", "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes"
	access := "rw"
	if b.container.SecurityContext.ReadOnlyRootFilesystem {
		access = "ro"
	}
	shm := path.Join(state, b.pod.ids.sandbox, "shm")
	if b.pod.Spec.HostIPC {
		shm = "/dev/shm"
	}
	memory := b.bind(shm, "/dev/shm", "rw")
	memory.UIDMappings, memory.GIDMappings = nil, nil
	return []specs.Mount{
		b.bind(path.Join(files, b.pod.ids.sandbox, "hostname"), "/etc/hostname", access),
		b.bind(path.Join(files, b.pod.ids.sandbox, "resolv.conf"), "/etc/resolv.conf", access),
		memory,
	}
}

// bind is a bind mount; access is ro or rw.
func (b *builder) bind(source, destination, access string) specs.Mount {
	return specs.Mount{
		Destination: destination, Type: "bind", Source: source, Options: []string{"rbind", "rprivate", access},
		UIDMappings: b.pod.mappings(), GIDMappings: b.pod.mappings(),
	}
}

// defaultMounts are containerd's. In a user namespace the host's network keeps
// a new sysfs from being mounted.
func (b *builder) defaultMounts() []specs.Mount {
	access := "ro"
	if b.container.SecurityContext.Privileged {
		access = "rw"
	}
	sys := specs.Mount{Destination: "/sys", Type: "sysfs", Source: "sysfs", Options: []string{"nosuid", "noexec", "nodev", access}}
	if b.pod.Spec.HostNetwork && b.pod.userNamespace() {
		sys = specs.Mount{Destination: "/sys", Type: "bind", Source: "/sys", Options: []string{"rbind", "rro", "nosuid", "nodev", "noexec"}}
	}
	return []specs.Mount{
		{Destination: "/proc", Type: "proc", Source: "proc", Options: []string{"nosuid", "noexec", "nodev"}},
		{Destination: "/dev", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "strictatime", "mode=755", "size=65536k"}},
		{Destination: "/dev/pts", Type: "devpts", Source: "devpts",
			Options: []string{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
		{Destination: "/dev/mqueue", Type: "mqueue", Source: "mqueue", Options: []string{"nosuid", "noexec", "nodev"}},
		sys,
		{Destination: "/sys/fs/cgroup", Type: "cgroup", Source: "cgroup", Options: []string{"nosuid", "noexec", "nodev", "relatime", access}},
	}
}

// absolute is a path in the container as the kubelet completes it.
func absolute(p string) string {
	if path.IsAbs(p) {
		return p
	}
	return "/" + p
}

// blockMajor is the major number of all block volumes in a manifest.
const blockMajor = 259

// devices adds the container's block volumes. Their numbers are made up.
func (b *builder) devices(at string) error {
	l := b.spec.Linux
	for i, d := range b.container.VolumeDevices {
		v := b.pod.volume(d.Name)
		if v == nil {
			return d.At.fault(join(at, "volumeDevices"), "the pod has no volume %q", d.Name)
		}
		access := "mrw"
		if v.source.ReadOnly {
			access = "r"
		}
		l.Devices = append(l.Devices, specs.LinuxDevice{Path: d.DevicePath, Type: "b", Major: blockMajor, Minor: int64(i)})
		l.Resources.Devices = append(l.Resources.Devices, specs.LinuxDeviceCgroup{
			Allow: true, Type: "b", Major: new(int64(blockMajor)), Minor: new(int64(i)), Access: access,
		})
		b.note("volume " + d.Name + ": the number of its device is not known")
	}
	return nil
}
