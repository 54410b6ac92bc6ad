package policy

import (
	"path"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// JudgedMounts is what a decision assumed about the mounts of a container. A path of the host
// is judged before the OCI runtime mounts it. In between, anyone who can write to a folder on
// it can replace it. So what the kernel has mounted must be compared with this before the
// container starts.
type JudgedMounts struct {
	// Policy and Rule are what the container breaks if something else is mounted.
	Policy, Rule string

	// Binds are all bind mounts of the spec, in its order.
	Binds []JudgedBind

	// Kernel lists the container's own file systems of the kernel, such as /proc.
	Kernel []JudgedKernel

	// Devices lists where the container has device nodes, which an OCI runtime
	// mounts from the host's /dev where it cannot make them.
	Devices []string

	// Hooks: other programs may have mounted more. They are the node's own, and
	// a matter of rule hooks.
	Hooks bool
}

// JudgedKernel is a mount of a file system of the kernel.
type JudgedKernel struct {
	Destination string
	Type        string
	ReadOnly    bool
}

// JudgedBind is a bind mount as it was judged.
type JudgedBind struct {
	Destination string // in the container, without following links of the image
	Source      string // on the host, with links followed
	Recursive   bool   // what is mounted below the source comes along
	Host        bool   // it shows files of the host, and so a rule has allowed it
	Options     []PromisedOption
}

// PromisedOption is an option that a mount must have by a rule in force.
type PromisedOption struct {
	Policy, Rule string
	Option       MountOption
}

// promisesOptions is implemented by rules that want options of mounts.
type promisesOptions interface {
	// promises tells the options that a mount of the subject must have.
	promises(s *Subject) func(m *specs.Mount) []MountOption
}

// promise is what a rule in force wants of mounts.
type promise struct {
	bound
	of func(m *specs.Mount) []MountOption
}

func (e *evaluation) promises() []promise {
	var out []promise
	for _, r := range e.rules {
		if p, ok := r.Rule.(promisesOptions); ok && r.binds() {
			out = append(out, promise{r, p.promises(&e.sub)})
		}
	}
	return out
}

// judgedMounts is what the kernel's mounts have to be compared with; nil where
// no rule in force bounds paths of the host, none is mounted, or the kernel's
// mounts cannot be seen.
func (e *evaluation) judgedMounts() *JudgedMounts {
	var out JudgedMounts
	for _, r := range e.rules {
		if _, ok := r.Rule.(*HostPaths); ok && r.binds() {
			out.Policy, out.Rule = r.policy.name, r.name
			break
		}
	}
	spec := e.sub.Spec
	if out.Rule == "" || e.sub.MountsUnverified != "" || len(e.sub.hostMounts()) == 0 {
		return nil
	}
	promises := e.promises()
	for i := range spec.Mounts {
		m := &spec.Mounts[i]
		switch {
		case isPseudo(m):
			out.Kernel = append(out.Kernel, JudgedKernel{Destination: mountPoint(m), Type: m.Type, ReadOnly: isReadOnly(m)})
		case isBind(m):
			out.Binds = append(out.Binds, e.judgedBind(m, promises))
		}
	}
	if spec.Linux != nil {
		for i := range spec.Linux.Devices {
			out.Devices = append(out.Devices, path.Join("/", spec.Linux.Devices[i].Path))
		}
	}
	out.Hooks = hasHooks(spec.Hooks) && !rebinds(spec.Linux)
	return &out
}

func (e *evaluation) judgedBind(m *specs.Mount, promises []promise) JudgedBind {
	b := JudgedBind{
		Destination: mountPoint(m), Source: e.sub.sourceOf(m), Host: e.sub.origin(m).host,
		Recursive: slices.Contains(m.Options, "rbind"),
	}
	for _, p := range promises {
		for _, option := range p.of(m) {
			b.Options = append(b.Options, PromisedOption{Policy: p.policy.name, Rule: p.name, Option: option})
		}
	}
	return b
}

// sourceOf is the resolved source of a mount, or the source as it stands where
// it cannot be resolved: that is denied if it is the host's.
func (s *Subject) sourceOf(m *specs.Mount) string {
	if source, err := s.resolve(m.Source); err == nil {
		return source
	}
	return m.Source
}

// binds reports whether the container must not break the rule.
func (b *bound) binds() bool { return b.enforced && b.excuse == nil && !b.unsure }

// bindsResult reports whether the spec as it will run must not break the rule.
func (b *bound) bindsResult() bool { return b.binds() && b.result != nil }

// hasHooks reports whether programs run that can mount something before the
// container's process starts.
func hasHooks(h *specs.Hooks) bool {
	return h != nil && len(h.CreateRuntime)+len(h.CreateContainer)+
		len(h.Prestart) > 0 //nolint:staticcheck // deprecated, and still run by the runtimes
}

// rebinds reports whether the OCI runtime mounts other paths of the container over
// themselves than those of the kernel, to make them read-only: such a mount
// could stand for one that hooks are not told from. No kubelet asks for it.
func rebinds(linux *specs.Linux) bool {
	return linux != nil && slices.ContainsFunc(linux.ReadonlyPaths, func(p string) bool {
		return path.Dir(path.Clean(p)) != "/proc" && path.Dir(path.Clean(p)) != "/sys"
	})
}

// promises wants ro where the path that covers the mount says so.
func (h *HostPaths) promises(s *Subject) func(m *specs.Mount) []MountOption {
	j := h.judge(s)
	return func(m *specs.Mount) []MountOption {
		o := s.origin(m)
		if !o.host {
			return nil
		}
		if entry, _ := j.covering(o.hostMount(0, m)); entry != nil &&
			entry.ReadOnly {
			return []MountOption{"ro"}
		}
		return nil
	}
}

// promises wants the options of all entries that select the mount.
func (r *MountOptions) promises(s *Subject) func(m *specs.Mount) []MountOption {
	return func(m *specs.Mount) []MountOption {
		var out []MountOption
		for i := range r.Require {
			if r.Require[i].selects(s, m) {
				out = append(out, r.Require[i].Options...)
			}
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
}
