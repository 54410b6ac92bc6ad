package policy

import (
	"encoding/json"
	"fmt"
	"math"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/ocispec"
	"github.com/specguard/specguard/policy/seccomp/seccomptest"
)

// grants compares a spec before and after it was adjusted and names everything
// that the container could do only after. It shares no code with the rules.
func grants(before, after *specs.Spec) []string {
	g := &granted{before: withAllParts(before), after: withAllParts(after)}
	g.process()
	g.rlimits()
	g.programs()
	g.filesystem()
	g.kernel()
	g.limits()
	g.hugepages()
	g.orders()
	g.preference()
	g.others()
	return g.found
}

type granted struct {
	before, after *specs.Spec
	found         []string
}

func (g *granted) fail(bad bool, format string, args ...any) {
	if bad {
		g.found = append(g.found, fmt.Sprintf(format, args...))
	}
}

// withAllParts is a copy in which no part is nil.
func withAllParts(spec *specs.Spec) *specs.Spec {
	s := ocispec.Clone(spec)
	fillIn(&s.Process)
	fillIn(&s.Process.Capabilities)
	fillIn(&s.Root)
	fillIn(&s.Hooks)
	fillIn(&s.Linux)
	fillIn(&s.Linux.Resources)
	fillIn(&s.Linux.Resources.Memory)
	fillIn(&s.Linux.Resources.CPU)
	fillIn(&s.Linux.Resources.Pids)
	return s
}

func fillIn[T any](p **T) {
	if *p == nil {
		*p = new(T)
	}
}

// subset reports whether a holds nothing that b does not.
func subset[T comparable](a, b []T) bool {
	return !slices.ContainsFunc(a, func(v T) bool { return !slices.Contains(b, v) })
}

// shorter reports whether a is b with entries taken out.
func shorter[T any](a, b []T) bool {
	for _, v := range a {
		at := slices.IndexFunc(b, func(o T) bool { return reflect.DeepEqual(o, v) })
		if at < 0 {
			return false
		}
		b = b[at+1:]
	}
	return true
}

// programs are what the container brings with it to be run or loaded.
func (g *granted) programs() {
	b, a := g.before, g.after
	g.fail(!shorter(g.withoutNewHome(), b.Process.Env), "environment %v became %v", b.Process.Env, a.Process.Env)
	g.fail(!shorter(a.Hooks.Prestart, b.Hooks.Prestart) || //nolint:staticcheck // deprecated, and run all the same
		!shorter(a.Hooks.CreateRuntime, b.Hooks.CreateRuntime) ||
		!shorter(a.Hooks.CreateContainer, b.Hooks.CreateContainer) || !shorter(a.Hooks.StartContainer, b.Hooks.StartContainer) ||
		!shorter(a.Hooks.Poststart, b.Hooks.Poststart) || !shorter(a.Hooks.Poststop, b.Hooks.Poststop),
		"hooks %v became %v", b.Hooks, a.Hooks)
}

func (g *granted) process() {
	b, a := g.before.Process, g.after.Process
	for name, sets := range map[string][2][]string{
		"bounding": {b.Capabilities.Bounding, a.Capabilities.Bounding}, "effective": {b.Capabilities.Effective, a.Capabilities.Effective},
		"permitted": {b.Capabilities.Permitted, a.Capabilities.Permitted}, "inheritable": {b.Capabilities.Inheritable, a.Capabilities.Inheritable},
		"ambient": {b.Capabilities.Ambient, a.Capabilities.Ambient},
	} {
		g.fail(!subset(sets[1], sets[0]), "%s capabilities %v became %v", name, sets[0], sets[1])
	}
	g.fail(a.User.UID == 0 && b.User.UID != 0, "became root")
	g.fail(a.User.GID == 0 && b.User.GID != 0, "got group 0")
	g.fail(!subset(a.User.AdditionalGids, b.User.AdditionalGids), "groups %v became %v", b.User.AdditionalGids, a.User.AdditionalGids)
	g.fail(b.NoNewPrivileges && !a.NoNewPrivileges, "noNewPrivileges was cleared")
	g.fail(a.ApparmorProfile != b.ApparmorProfile && (a.ApparmorProfile == "" || strings.Contains(a.ApparmorProfile, "unconfined")),
		"AppArmor profile %q became %q", b.ApparmorProfile, a.ApparmorProfile)
	g.fail(a.SelinuxLabel != b.SelinuxLabel && !strings.Contains(a.SelinuxLabel, ":container_t"), "label %q became %q", b.SelinuxLabel, a.SelinuxLabel)
}

// rlimits compares the limits one by one: none may go or grow. A new one is for a
// resource that had none, and limits something.
func (g *granted) rlimits() {
	b, a := g.before.Process.Rlimits, g.after.Process.Rlimits
	g.fail(len(a) < len(b), "resource limits %v became %v", b, a)
	for i := len(b); i < len(a); i++ {
		g.fail(a[i].Soft != a[i].Hard || a[i].Hard == math.MaxUint64 || slices.ContainsFunc(a[:i], func(o specs.POSIXRlimit) bool {
			return strings.EqualFold(o.Type, a[i].Type) || strings.EqualFold("RLIMIT_"+o.Type, a[i].Type)
		}), "resource limits %v became %v", b, a)
	}
	for i := range min(len(a), len(b)) {
		g.fail(a[i].Type != b[i].Type || a[i].Soft > b[i].Soft || a[i].Hard > b[i].Hard, "resource limit %v became %v", b[i], a[i])
	}
}

func (g *granted) filesystem() {
	g.fail(g.before.Root.Readonly && !g.after.Root.Readonly, "the root filesystem became writable")
	left := g.before.Mounts // those that come after the last one found: order must stay
	for _, m := range g.after.Mounts {
		at := slices.IndexFunc(left, func(b specs.Mount) bool {
			return b.Destination == m.Destination && b.Source == m.Source && b.Type == m.Type && isBind(&b) == isBind(&m)
		})
		if at < 0 {
			g.fail(!g.writablePath(m) && !g.runtimesOwn(m), "mount %+v is new", m)
			continue
		}
		g.mountOptions(left[at], m)
		left = left[at+1:]
	}
	g.uncovered()
	g.fail(!subset(g.before.Linux.MaskedPaths, g.after.Linux.MaskedPaths), "masked paths %v became %v", g.before.Linux.MaskedPaths, g.after.Linux.MaskedPaths)
	g.fail(!subset(g.before.Linux.ReadonlyPaths, g.after.Linux.ReadonlyPaths), "read-only paths %v became %v", g.before.Linux.ReadonlyPaths, g.after.Linux.ReadonlyPaths)
}

// writablePath reports whether a new mount is an empty, bounded tmpfs in a root
// filesystem that was writable and is not any more, and hides nothing.
func (g *granted) writablePath(m specs.Mount) bool {
	bounded := slices.ContainsFunc(m.Options, func(o string) bool { return strings.HasPrefix(o, "size=") && o != "size=0k" })
	if m.Type != "tmpfs" || m.Source != "tmpfs" || !bounded || !slices.Contains(m.Options, "nosuid") || !slices.Contains(m.Options, "nodev") ||
		g.before.Root.Readonly || !g.after.Root.Readonly {
		return false
	}
	at := slices.IndexFunc(g.after.Mounts, func(o specs.Mount) bool { return o.Destination == m.Destination })
	return !slices.ContainsFunc(g.after.Mounts[:at], func(o specs.Mount) bool { // mounted before, hidden by m
		return strings.HasPrefix(path.Clean(o.Destination)+"/", m.Destination+"/")
	}) && !slices.ContainsFunc(g.after.Mounts, func(o specs.Mount) bool { // m would lie in another filesystem
		d := path.Clean(o.Destination)
		return d != "/" && d != m.Destination && strings.HasPrefix(m.Destination+"/", d+"/")
	})
}

// runtimesOwn reports whether a new mount is what a runtime mounts there in every
// container, in the place of one that was there, and is not any more, or that held
// the place.
func (g *granted) runtimesOwn(m specs.Mount) bool {
	kinds := map[string]string{"/proc": "proc", "/sys": "sysfs", "/sys/fs/cgroup": "cgroup", "/dev": "tmpfs", "/dev/pts": "devpts", "/dev/mqueue": "mqueue"}
	bind := m.Destination == "/sys" && m.Type == "bind" && m.Source == "/sys" && slices.Contains(m.Options, "rro")
	if m.Type != kinds[m.Destination] && !bind || strings.HasPrefix(m.Destination, "/sys") && !slices.Contains(m.Options, "ro") ||
		!slices.Contains(m.Options, "nosuid") || m.Destination != "/dev" && !slices.Contains(m.Options, "noexec") {
		return false
	}
	same := func(o specs.Mount) bool { return o.Destination == m.Destination }
	holds := func(o specs.Mount) bool {
		d := path.Join("/", o.Destination)
		return strings.HasPrefix(m.Destination+"/", d+"/") && d != "/" &&
			!slices.ContainsFunc(g.after.Mounts, func(a specs.Mount) bool { return reflect.DeepEqual(a, o) })
	}
	return slices.ContainsFunc(g.before.Mounts, holds) && len(slices.DeleteFunc(slices.Clone(g.after.Mounts), func(o specs.Mount) bool { return !same(o) })) == 1
}

// uncovered wants that no volume of the kubelet's was taken from a mount that
// was there and stays: it may have hidden something. It does not ask that of
// paths of the host, nor of file systems that merely name a volume as their source.
func (g *granted) uncovered() {
	binds := func(m specs.Mount) bool {
		return slices.Contains([]string{"bind", "none", ""}, m.Type) || slices.Contains(m.Options, "bind") || slices.Contains(m.Options, "rbind")
	}
	in := func(mounts []specs.Mount, m specs.Mount) bool {
		return slices.ContainsFunc(mounts, func(o specs.Mount) bool {
			return o.Destination == m.Destination && o.Source == m.Source && o.Type == m.Type && binds(o) == binds(m)
		})
	}
	for _, m := range g.before.Mounts {
		if in(g.after.Mounts, m) || !strings.HasPrefix(m.Source, "/var/lib/kubelet/pods/3f2a/volumes/") || !binds(m) {
			continue
		}
		for _, o := range g.after.Mounts {
			g.fail(strings.HasPrefix(path.Clean(m.Destination)+"/", path.Clean(o.Destination)+"/") && in(g.before.Mounts, o),
				"%s at %s was taken from %s", m.Source, m.Destination, o.Destination)
		}
	}
}

func (g *granted) mountOptions(b, a specs.Mount) {
	for _, what := range []string{"suid", "dev", "exec"} {
		denied := func(m specs.Mount, r string) bool {
			for _, o := range slices.Backward(m.Options) {
				if o == r+"no"+what || o == r+what {
					return o == r+"no"+what
				}
			}
			return false
		}
		g.fail(denied(b, "") && !denied(a, "") || denied(b, "r") && !denied(a, "r"), "%s got %s: %v to %v", a.Destination, what, b.Options, a.Options)
	}
	last := func(m specs.Mount, on, off string) bool {
		return slices.Contains(m.Options, on) && slices.Index(m.Options, on) > slices.Index(m.Options, off)
	}
	g.fail(last(b, "ro", "rw") && !last(a, "ro", "rw"), "%s became writable: %v to %v", a.Destination, b.Options, a.Options)
	g.fail(last(b, "rro", "rrw") && !last(a, "rro", "rrw"), "%s became writable below: %v to %v", a.Destination, b.Options, a.Options)
	for _, o := range a.Options {
		g.fail(!slices.Contains(b.Options, o) && !slices.Contains([]string{"ro", "rro", "nosuid", "rnosuid", "nodev", "rnodev", "noexec", "rnoexec", "rslave", "rprivate"}, o), "%s got option %s", a.Destination, o)
	}
	shared := slices.Contains(b.Options, "rshared") || slices.Contains(b.Options, "rslave")
	g.fail(slices.Contains(a.Options, "rslave") && !shared, "%s got propagation", a.Destination)
}

func (g *granted) kernel() {
	b, a := g.before.Linux, g.after.Linux
	for _, d := range a.Devices {
		g.fail(!slices.ContainsFunc(b.Devices, func(o specs.LinuxDevice) bool { return reflect.DeepEqual(o, d) }), "device %s is new", d.Path)
	}
	g.devices(b.Resources.Devices, a.Resources.Devices)
	for name, value := range a.Sysctl {
		before, there := b.Sysctl[name]
		g.fail(!there || before != value, "sysctl %s is new", name)
	}
	g.fail(!reflect.DeepEqual(b.Namespaces, a.Namespaces), "namespaces %v became %v", b.Namespaces, a.Namespaces)
	g.fail(b.Seccomp != nil && a.Seccomp == nil, "the seccomp profile was removed")
	for _, c := range seccompCalls() {
		g.fail(seccomptest.Weaker(a.Seccomp, b.Seccomp, c), "the seccomp profile became weaker for %+v", c)
	}
}

// seccompCalls are calls that tell profiles apart.
func seccompCalls() []seccomptest.Call {
	var out []seccomptest.Call
	for _, bits := range []int{32, 64} {
		for _, name := range []string{"read", "mount", "bpf", "keyctl", "reboot", "init_module", "socketcall", "socketpair", "personality", "clone"} {
			out = append(out, seccomptest.Call{Name: name, Bits: bits})
		}
		for _, family := range []uint64{1, 2, 16, 38, 40, 45, 1<<32 | 38} {
			out = append(out, seccomptest.Call{Name: "socket", Bits: bits, Args: [6]uint64{family, 3, 9}})
		}
	}
	return out
}

// devices tries the rules with devices of every kind: the last one for a device
// counts. Runtimes differ in whether a rule for all types is for all devices.
func (g *granted) devices(before, after []specs.LinuxDeviceCgroup) {
	is := func(n *int64, number int64) bool { return n == nil || *n < 0 || *n == number }
	may := func(rules []specs.LinuxDeviceCgroup, resets bool, typ string, major, minor int64, access string) bool {
		may := true
		for _, r := range rules {
			all := r.Type == "" || r.Type == "a"
			if all && resets || (all || r.Type == typ) && is(r.Major, major) && is(r.Minor, minor) && strings.Contains(r.Access, access) {
				may = r.Allow
			}
		}
		return may
	}
	for _, typ := range []string{"b", "c", "u"} {
		for _, major := range []int64{1, 8, 10, 77} {
			for _, minor := range []int64{0, 3, 229, 77} {
				for _, access := range []string{"r", "w", "m"} {
					for _, resets := range []bool{false, true} {
						g.fail(may(after, resets, typ, major, minor, access) && !may(before, resets, typ, major, minor, access),
							"device %s %d:%d %s by %v that became %v", typ, major, minor, access, before, after)
					}
				}
			}
		}
	}
}

// limits compares what is in force: a cgroup v2 file, where it is named, comes
// before the typed member.
func (g *granted) limits() {
	number := func(n *int64) float64 {
		if n == nil || *n <= 0 {
			return math.Inf(1)
		}
		return float64(*n)
	}
	file := func(r *specs.LinuxResources, name string, typed float64) float64 {
		text, ok := r.Unified[name]
		if !ok {
			return typed
		}
		parts := append(strings.Fields(text), "100000")
		n, err := strconv.ParseFloat(parts[0], 64)
		if name != "cpu.max" || err != nil {
			parts[1] = "1"
		}
		period, _ := strconv.ParseFloat(parts[1], 64)
		if err != nil {
			return math.Inf(1)
		}
		return n / period
	}
	cpu := func(c *specs.LinuxCPU) float64 {
		period := 100_000.0
		if c.Period != nil && *c.Period > 0 {
			period = float64(*c.Period)
		}
		return number(c.Quota) / period
	}
	b, a := g.before.Linux.Resources, g.after.Linux.Resources
	for _, l := range []struct {
		name          string
		before, after float64
	}{
		{"memory", file(b, "memory.max", number(b.Memory.Limit)), file(a, "memory.max", number(a.Memory.Limit))},
		{"typed memory", number(b.Memory.Limit), number(a.Memory.Limit)},
		{"memory and swap", number(b.Memory.Swap), number(a.Memory.Swap)},
		{"swap", file(b, "memory.swap.max", math.Inf(1)), file(a, "memory.swap.max", math.Inf(1))},
		{"huge pages", file(b, "hugetlb.2MB.max", math.Inf(1)), file(a, "hugetlb.2MB.max", math.Inf(1))},
		{"cpu", file(b, "cpu.max", cpu(b.CPU)), file(a, "cpu.max", cpu(a.CPU))},
		{"typed cpu", cpu(b.CPU), cpu(a.CPU)},
		{"pids", number(b.Pids.Limit), number(a.Pids.Limit)},
	} {
		// The smallest quota that the kernel takes is 1% of a CPU.
		g.fail(l.after > l.before && !(strings.HasSuffix(l.name, "cpu") && l.after <= 0.01), "%s limit %v became %v", l.name, l.before, l.after)
	}
}

// hugepages compares the limits one by one.
func (g *granted) hugepages() {
	b, a := g.before.Linux.Resources.HugepageLimits, g.after.Linux.Resources.HugepageLimits
	g.fail(len(a) != len(b), "huge pages %v became %v", b, a)
	for i := range min(len(a), len(b)) {
		g.fail(a[i].Pagesize != b[i].Pagesize || a[i].Limit > b[i].Limit, "huge pages %v became %v", b, a)
	}
}

// others wants everything untouched that is not compared above.
func (g *granted) others() {
	rest := func(spec *specs.Spec) string {
		s := ocispec.Clone(spec)
		p := s.Process
		p.Capabilities, p.User, p.NoNewPrivileges, p.ApparmorProfile, p.SelinuxLabel = nil, specs.User{}, false, "", ""
		p.Env, p.Rlimits, s.Hooks = nil, nil, nil
		s.Root.Readonly, s.Mounts = false, nil
		l := s.Linux
		s.Annotations, p.OOMScoreAdj, p.Scheduler, p.IOPriority = nil, nil, nil, nil
		l.NetDevices, l.RootfsPropagation = nil, ""
		l.MaskedPaths, l.ReadonlyPaths, l.Devices, l.Seccomp, l.MountLabel, l.Sysctl = nil, nil, nil, nil, "", nil
		r := l.Resources
		r.Devices, r.Memory.Limit, r.Memory.Swap, r.CPU.Quota, r.CPU.Period, r.Pids.Limit = nil, nil, nil, nil, nil, nil
		delete(r.Unified, "memory.max")
		delete(r.Unified, "cpu.max")
		delete(r.Unified, "pids.max")
		delete(r.Unified, "memory.swap.max")
		delete(r.Unified, "hugetlb.2MB.max")
		r.HugepageLimits = nil
		out, _ := json.Marshal(s)
		return string(out)
	}
	b, a := rest(g.before), rest(g.after)
	g.fail(b != a, "what no rule adjusts changed:\n%s\n%s", b, a)
}
