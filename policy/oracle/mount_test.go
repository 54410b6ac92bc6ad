package oracle

import (
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// mount is one of a spec's, as runc mounts it.
type mount struct {
	specs.Mount
	at      string // its place in the container
	bind    bool   // the type does not count then
	virtual bool   // a file system that the kernel makes anew, or shows itself in

	ro, exec, suid, dev bool
}

// readMount reads the options as OCI runtimes do: of an option and its opposite
// the last counts, and the recursive ones come after them. runc has those for bind
// mounts alone, crun for all: what either of them lets the container do counts.
// crun takes the type bind for the option.
func readMount(m specs.Mount) mount {
	is := func(option string) bool { return slices.Contains(m.Options, option) }
	out := mount{Mount: m, at: path.Clean("/" + m.Destination)}
	out.bind = is("bind") || is("rbind") || slices.Contains([]string{"bind", "none", ""}, m.Type)
	out.virtual = !out.bind && slices.Contains([]string{"proc", "sysfs", "cgroup", "cgroup2", "tmpfs", "devpts", "mqueue"}, m.Type)
	out.ro = out.flag("ro", "rw")
	out.exec = !out.flag("noexec", "exec")
	out.suid = !out.flag("nosuid", "suid")
	out.dev = !out.flag("nodev", "dev")
	return out
}

// flag reports whether the flag is in force.
func (m *mount) flag(on, off string) bool {
	last := func(on, off string) (force, said bool) {
		for _, o := range m.Options {
			if o == on || o == off {
				force, said = o == on, true
			}
		}
		return force, said
	}
	force, _ := last(on, off)
	if all, said := last("r"+on, "r"+off); said && (m.bind || !all) {
		force = all
	}
	return force
}

// madeFor reports whether the kubelet or the runtime made what the mount shows.
func (n node) madeFor(m *mount, l *specs.Linux) bool {
	who, _ := n.from(m, l)
	return who != ""
}

// shared reports whether what is mounted below the mount is seen where it comes from.
func (m *mount) shared() bool { return m.is("shared") || m.is("rshared") }

func (m *mount) is(option string) bool { return slices.Contains(m.Options, option) }

// filesystem reads what the mounts give, and what hides parts of /proc and /sys.
func (s *state) filesystem(n node, spec *specs.Spec, l *specs.Linux, mapped bool) {
	if spec.Root == nil || !spec.Root.Readonly {
		s.add(writableRoot, "")
	}
	shared := false
	kernel := map[kernelMount]bool{{"/proc", "proc"}: false, {"/sys", "sysfs"}: false}
	for i := range spec.Mounts {
		m := readMount(spec.Mounts[i])
		s.shows(n, &m, l)
		s.ids(&m, l)
		if m.virtual && !m.is("remount") && (m.Type == "proc" || m.Type == "sysfs") {
			kernel[kernelMount{m.at, m.Type}] = kernel[kernelMount{m.at, m.Type}] || inVolume(m.at, spec.Mounts)
		}
		shared = shared || m.shared() && !m.virtual && !m.is("remount")
	}
	if p := l.RootfsPropagation; strings.HasSuffix(p, "shared") && !shared {
		s.add(propagation, p)
	}
	s.protected(kernel, l, mapped)
}

// shows reads what one mount shows, and what can be done with it.
func (s *state) shows(n node, m *mount, l *specs.Linux) {
	if m.is("remount") { // neither type nor source counts (mount(2))
		s.add(remount, m.at)
		return
	}
	if m.shared() && (m.virtual || m.bind && n.madeFor(m, l)) {
		s.add(spread, m.at)
	}
	switch {
	case m.bind:
		from, typ := n.from(m, l)
		if from == "" {
			s.add(hostFiles, "see "+m.Source)
			if !m.ro {
				s.add(hostFiles, "write to "+m.Source)
			}
			if m.shared() {
				s.add(hostFiles, "mount on "+m.Source)
			}
		}
		if typ != "" {
			s.add(volume, typ)
		}
		if source, _ := resolve(m.Source); strings.Contains(source, "/volumes/kubernetes.io~projected/kube-api-access-") {
			s.add(token, m.at)
		}
		s.programs(m, m.Source)
		s.flags(m)
	case !m.virtual: // the source of many does not count
		s.add(filesystem, m.Type)
		s.programs(m, m.Type)
	case m.Type == "tmpfs":
		s.programs(m, "tmpfs "+m.at)
	case m.Type == "sysfs" && !m.ro:
		s.add(kernelFiles, "sysfs "+m.at)
	case strings.HasPrefix(m.Type, "cgroup") && !m.ro && !(newCgroups(l) && n.delegated):
		s.add(kernelFiles, "cgroup "+m.at)
	}
}

// programs are what can be written to the mount and run from it.
func (s *state) programs(m *mount, name string) {
	if m.ro {
		return
	}
	if m.exec {
		s.add(runWritable, "exec "+name)
	}
	if m.suid {
		s.add(runWritable, "suid "+name)
	}
	if m.dev && m.at != "/dev" {
		s.add(runWritable, "dev "+name)
	}
}

// memoryIn reports whether the program would lie in a tmpfs.
func memoryIn(what string) bool { return strings.Contains(what, " tmpfs ") }

// flags are what is not taken away from a mount.
func (s *state) flags(m *mount) {
	for name, on := range map[string]bool{"rw": !m.ro, "exec": m.exec, "suid": m.suid, "dev": m.dev} {
		if on {
			s.add(mountFlag, name+" "+m.Source+" at "+m.at)
		}
	}
}

// ids reads whether a mount shows files under other ids than the container's user
// namespace does: one can make files of the host's root through it.
func (s *state) ids(m *mount, l *specs.Linux) {
	same := func(a, b []specs.LinuxIDMapping) bool {
		return len(a) == len(b) && !slices.ContainsFunc(a, func(x specs.LinuxIDMapping) bool { return !slices.Contains(b, x) })
	}
	own := ownUsers(l) && same(m.UIDMappings, l.UIDMappings) && same(m.GIDMappings, l.GIDMappings)
	brings := slices.ContainsFunc(m.Options, func(o string) bool {
		return strings.HasPrefix(o, "idmap=") || strings.HasPrefix(o, "ridmap=")
	})
	if (len(m.UIDMappings) > 0 || len(m.GIDMappings) > 0) && !own || brings {
		s.add(foreignIDs, m.Source)
	}
}

// inVolume reports whether the place lies in what others may share. They can rename
// the folders on the way before paths are hidden, by name.
func inVolume(at string, mounts []specs.Mount) bool {
	return slices.ContainsFunc(mounts, func(v specs.Mount) bool {
		m := readMount(v)
		dir := strings.TrimSuffix(m.at, "/") + "/"
		return (!m.virtual || m.is("remount")) && m.at != at && strings.HasPrefix(at, dir)
	})
}

// kernelMount is a proc or a sysfs in its place; another mount may hide it.
type kernelMount struct{ at, typ string }

// protected reads what of the paths is not hidden or read-only that Kubernetes
// hides and protects (Pod Security Standards, "/proc Mount Type"), on every mount
// of the two file systems; of those in volumes nothing is sure to be.
func (s *state) protected(kernel map[kernelMount]bool, l *specs.Linux, mapped bool) {
	where := ""
	if mapped {
		where = " in a user namespace"
	}
	for m, loose := range kernel {
		for _, p := range hiddenPaths()[m.typ] {
			if name := path.Join(m.at, p); loose || !covered(name, l.MaskedPaths) {
				s.add(unmasked, name+where)
			}
		}
		for _, p := range protectedPaths()[m.typ] {
			if name := path.Join(m.at, p); loose || !covered(name, l.MaskedPaths) && !covered(name, l.ReadonlyPaths) {
				s.add(unmasked, "write to "+name+where)
			}
		}
	}
}

// hiddenPaths are masked by every version of Kubernetes.
func hiddenPaths() map[string][]string {
	return map[string][]string{
		"proc":  {"acpi", "kcore", "keys", "latency_stats", "timer_list", "timer_stats", "sched_debug", "scsi"},
		"sysfs": {"firmware"},
	}
}

// protectedPaths are read-only at least.
func protectedPaths() map[string][]string {
	return map[string][]string{"proc": {"asound", "bus", "fs", "irq", "sys", "sysrq-trigger"}}
}

// covered reports whether the path, or a folder above it, is among those of the
// list. What is mounted on "/" does not cover the root of a process that is there
// already.
func covered(p string, list []string) bool {
	return slices.ContainsFunc(list, func(dir string) bool {
		dir = path.Clean(dir)
		return dir != "/" && strings.HasPrefix(p+"/", dir+"/")
	})
}
