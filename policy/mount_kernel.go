package policy

import (
	"path"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// isKernelControl reports whether the mount shows the kernel's sysfs or cgroup
// files.
func isKernelControl(m *specs.Mount) bool {
	return m.Type == "sysfs" || m.Type == "cgroup" || m.Type == "cgroup2"
}

// remounts reports whether the mount mounts nothing, and changes the options of
// what is mounted at its place already. The kernel reads neither the type nor the
// source of such a mount (mount(2), "Remounting an existing mount").
func remounts(m *specs.Mount) bool { return slices.Contains(m.Options, "remount") }

// opensKernel reports whether the container can write to files of the kernel's
// sysfs or cgroups through the mount, or whether the mount can make another one
// writable.
//
// In a cgroup namespace of the container's own a cgroup mount shows the
// container's own cgroup alone. In cgroup v2, mounted with nsdelegate, the limits
// of that stay out of reach, and it has no file that is about devices or the host
// (cgroups(7), "Cgroups v2 delegation").
func (s *Subject) opensKernel(m *specs.Mount) bool {
	if !isKernelControl(m) && !remounts(m) || isReadOnly(m) {
		return false
	}
	return remounts(m) || m.Type == "sysfs" || isBind(m) || !s.ownCgroups() || !s.Host.CgroupsDelegated()
}

// ownCgroups reports whether a cgroup namespace is made for the container.
func (s *Subject) ownCgroups() bool {
	if s.Spec.Linux == nil || slices.Contains(s.Pod.HostNamespaces, string(specs.CgroupNamespace)) {
		return false
	}
	n := 0
	for _, ns := range s.Spec.Linux.Namespaces {
		if ns.Type != specs.CgroupNamespace {
			continue
		}
		if n++; ns.Path != "" {
			return false
		}
	}
	return n == 1
}

// onEveryMount gives the paths, which lie in /proc or /sys, and beside them the
// same of every other mount of the two file systems.
func onEveryMount(paths []string, mounts []specs.Mount) []string {
	out := slices.Clip(paths)
	for i := range mounts {
		m := &mounts[i]
		usual := ""
		switch m.Type {
		case "proc":
			usual = "/proc"
		case "sysfs":
			usual = "/sys"
		}
		if usual == "" || isBind(m) || m.Destination == usual {
			continue
		}
		at := mountPoint(m)
		if at == usual {
			continue
		}
		for _, p := range paths {
			if rest, ok := under(usual, p); ok && rest != "" {
				out = append(out, path.Join(at, rest))
			}
		}
	}
	return out
}

// movable lists mounts of proc and sysfs that lie in a volume. OCI runtimes make
// all mounts, and only then mask paths, by their names: whoever shares the volume
// can rename a folder of it in between, and nothing is masked.
func (s *Subject) movable() []string {
	if s.settled == nil {
		return movable(s.Spec.Mounts)
	}
	if !s.settled.movableFound {
		s.settled.movable, s.settled.movableFound = movable(s.Spec.Mounts), true
	}
	return s.settled.movable
}

func movable(mounts []specs.Mount) []string {
	var out []string
	for i := range mounts {
		m := &mounts[i]
		if m.Type != "proc" && m.Type != "sysfs" || isBind(m) {
			continue
		}
		at := mountPoint(m)
		for j := range mounts {
			v := &mounts[j]
			if isPseudo(v) {
				continue
			}
			if rest, in := under(mountPoint(v), at); in && rest != "" {
				out = append(out, m.Type+" on "+at+" is inside the mount "+mountPoint(v))
				break
			}
		}
	}
	return out
}

// ownMount is what a runtime mounts at the place by itself in a container that is
// not privileged, and before that what has to be there for it; nil for none.
//
// Source: containerd 2.4, pkg/oci defaultMounts and internal/cri/opts withMounts;
// CRI-O 1.34, server/container_create_linux.go.
func (s *Subject) ownMount(at string) []specs.Mount {
	tight := func(more ...string) []string { return append([]string{"nosuid", "noexec", "nodev"}, more...) }
	switch at {
	case "/proc":
		return []specs.Mount{{Destination: at, Type: "proc", Source: "proc", Options: tight()}}
	case "/sys":
		if s.hasNamespace(specs.UserNamespace) && s.sharesHost(specs.NetworkNamespace) {
			// The kernel lets no user namespace mount the sysfs of a network that is
			// not its own. The runtime's own mount is the host's /sys there, with all
			// that is mounted below it: an adjustment does not give that.
			return nil
		}
		return []specs.Mount{
			{Destination: at, Type: "sysfs", Source: "sysfs", Options: tight("ro")},
			{Destination: "/sys/fs/cgroup", Type: "cgroup", Source: "cgroup", Options: tight("relatime", "ro")},
		}
	case "/dev":
		return []specs.Mount{
			{Destination: at, Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "strictatime", "mode=755", "size=65536k"}},
			{Destination: "/dev/pts", Type: "devpts", Source: "devpts",
				Options: []string{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
			{Destination: "/dev/mqueue", Type: "mqueue", Source: "mqueue", Options: tight()},
		}
	case "/dev/pts", "/dev/mqueue":
		i := map[string]int{"/dev/pts": 1, "/dev/mqueue": 2}[at]
		return s.ownMount("/dev")[i : i+1]
	case "/sys/fs/cgroup":
		return []specs.Mount{{Destination: at, Type: "cgroup", Source: "cgroup", Options: tight("relatime", "ro")}}
	default:
		return nil
	}
}

// removeMounts takes mounts out, by index, and puts the runtime's own mounts in
// their places where nothing else is mounted there: it left them out for the sake
// of those. It says which it has put back.
func (s *Subject) removeMounts(remove map[int]bool) []string {
	if len(remove) == 0 {
		return nil
	}
	taken := make(map[string]bool)
	for i := range s.Spec.Mounts {
		if !remove[i] {
			taken[mountPoint(&s.Spec.Mounts[i])] = true
		}
	}
	var kept []specs.Mount
	var back []string
	for i, m := range s.Spec.Mounts {
		if !remove[i] {
			kept = append(kept, m)
			continue
		}
		at := mountPoint(&m)
		if taken[at] {
			continue
		}
		for _, own := range s.ownMount(at) {
			if place := own.Destination; !taken[place] {
				taken[place] = true
				kept = append(kept, own)
				s.placed = append(s.placed, place)
				back = append(back, place)
			}
		}
	}
	s.Spec.Mounts = kept
	if len(back) == 0 {
		return nil
	}
	return []string{"put the runtime's own mounts on " + few(back)}
}
