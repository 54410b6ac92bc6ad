package oracle

import (
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/ocispec"
	"github.com/specguard/specguard/policy"
)

// TestBases: the oracle finds nothing in what a profile is to let run.
func TestBases(t *testing.T) {
	from, n := bases(t), node{appArmor: true}
	from[0].Process.ApparmorProfile = "cri-containerd.apparmor.d"                                                     // the machine that made it has no AppArmor
	for i, profiles := range [][]profile{{baseline}, nil, {baseline, restricted, hardened, everything}, {baseline}} { // the last two are the third again
		for _, p := range []profile{baseline, restricted, hardened, everything} {
			if bad := p.bad(n.read(from[i])); (len(bad) == 0) != slices.Contains(profiles, p) {
				t.Errorf("base %d, %s: %v", i, p, bad)
			}
		}
	}
}

// sight is an edit of a container that every profile lets run, and what the oracle
// has to find in it.
type sight struct {
	want ability
	from profile // the first that forbids it
	do   func(s *specs.Spec)
}

func bindOf(source, at string, options ...string) func(s *specs.Spec) {
	return mountOf(specs.Mount{Destination: at, Type: "bind", Source: source, Options: append([]string{"rbind"}, options...)})
}

func mountOf(m specs.Mount) func(s *specs.Spec) {
	return func(s *specs.Spec) { s.Mounts = append(s.Mounts, m) }
}

func sights() []sight {
	safe := []string{"nosuid", "nodev", "noexec"}
	return slices.Concat([]sight{
		{ability{capability, "SYS_ADMIN"}, baseline, func(s *specs.Spec) { s.Process.Capabilities.Inheritable = []string{"CAP_SYS_ADMIN"} }},
		{ability{capability, "NET_RAW"}, restricted, func(s *specs.Spec) { s.Process.Capabilities.Bounding = []string{"CAP_NET_RAW"} }},
		{ability{root, "user"}, restricted, func(s *specs.Spec) { s.Process.User.UID = 0 }},
		{ability{root, "user"}, restricted, func(s *specs.Spec) { s.Process.User.UID = keepsID }},
		{ability{escalate, ""}, restricted, func(s *specs.Spec) { s.Process.NoNewPrivileges = false }},
		{ability{writableRoot, ""}, hardened, func(s *specs.Spec) { s.Root.Readonly = false }},
		{ability{hostNamespace, "pid"}, baseline, func(s *specs.Spec) { s.Linux.Namespaces = s.Linux.Namespaces[1:] }},
		{ability{appArmor, "none"}, baseline, func(s *specs.Spec) { s.Process.ApparmorProfile = "" }},
		{ability{appArmor, "none"}, baseline, func(s *specs.Spec) { s.Process.ApparmorProfile = ":ns:unconfined" }},
		{ability{seLinux, "type spc_t"}, baseline, func(s *specs.Spec) { s.Process.SelinuxLabel = "system_u:system_r:spc_t:s0" }},
		{ability{sysctl, "kernel.core_pattern"}, baseline, func(s *specs.Spec) { s.Linux.Sysctl = map[string]string{"kernel.core_pattern": "|/x"} }},
		{ability{unmasked, "/proc/kcore"}, baseline, func(s *specs.Spec) { s.Linux.MaskedPaths = []string{"/"} }},
		{ability{unmasked, "write to /proc/sys"}, baseline, func(s *specs.Spec) { s.Linux.ReadonlyPaths = nil }},
		{ability{noLimit, "memory"}, hardened, func(s *specs.Spec) { s.Linux.Resources.Unified = map[string]string{"memory.max": "max"} }},
		{ability{cgroup, "cgroup.procs"}, baseline, func(s *specs.Spec) { s.Linux.Resources.Unified = map[string]string{"cgroup.procs": "1"} }},
		{ability{noLimit, "CPU"}, hardened, func(s *specs.Spec) { s.Linux.Resources.CPU.Quota = new(int64(-1)) }},
		{ability{device, "b 8:0 w"}, baseline, func(s *specs.Spec) {
			s.Linux.Resources.Devices = append(s.Linux.Resources.Devices, specs.LinuxDeviceCgroup{Allow: true, Type: "b", Major: new(int64(8)), Access: "w"})
		}},
		{ability{deviceNode, "/dev/sda b 8:0"}, baseline, func(s *specs.Spec) {
			s.Linux.Devices = []specs.LinuxDevice{{Path: "/dev/sda", Type: "b", Major: 8}}
		}},
		{ability{seccomp, "everything"}, restricted, func(s *specs.Spec) { s.Linux.Seccomp = nil }},

		{ability{spread, "/tmp"}, baseline, func(s *specs.Spec) {
			s.Mounts = append(s.Mounts, specs.Mount{Destination: "/tmp", Type: "tmpfs", Source: "tmpfs", Options: []string{"rshared"}})
		}},
		{ability{hostFiles, "see /etc"}, baseline, bindOf("/etc", "/x", "ro")},
		{ability{hostFiles, "see " + podDir + "/volumes"}, baseline, bindOf(podDir+"/volumes", "/x", "ro")},
		{ability{filesystem, "overlay"}, baseline, mountOf(specs.Mount{
			Destination: "/x", Type: "overlay", Source: podDir + "/volumes/kubernetes.io~empty-dir/cache", Options: []string{"lowerdir=/etc:/srv"},
		})},
		{ability{remount, "/sys"}, baseline, mountOf(specs.Mount{Destination: "/sys", Type: "tmpfs", Options: []string{"remount", "rw"}})},
		{ability{kernelFiles, "sysfs /x"}, baseline, mountOf(specs.Mount{Destination: "/x", Type: "sysfs", Options: []string{"rro"}})},
		{ability{unmasked, "/proc2/kcore"}, baseline, mountOf(specs.Mount{Destination: "/proc2", Type: "proc"})},
		{ability{unmasked, "/cache/p/kcore"}, baseline, func(s *specs.Spec) {
			s.Mounts = append(s.Mounts, specs.Mount{Destination: "/cache/p", Type: "proc"})
			s.Linux.MaskedPaths = append(s.Linux.MaskedPaths, "/cache/p")
		}},
		{ability{volume, "kubernetes.io~nfs"}, restricted, bindOf(podDir+"/volumes/kubernetes.io~nfs/n", "/x", safe...)},
		{ability{foreignIDs, podDir + "/volumes/kubernetes.io~empty-dir/cache"}, baseline, mountOf(specs.Mount{
			Destination: "/x", Type: "bind", Source: podDir + "/volumes/kubernetes.io~empty-dir/cache", Options: append([]string{"rbind"}, safe...),
			UIDMappings: []specs.LinuxIDMapping{{Size: 1}}, GIDMappings: []specs.LinuxIDMapping{{Size: 1}},
		})},
	}, filterSights())
}

// filterSights are profiles that let calls through which hardened blocks.
func filterSights() []sight {
	allow := func(name string, args ...specs.LinuxSeccompArg) func(s *specs.Spec) {
		return func(s *specs.Spec) {
			s.Linux.Seccomp.Syscalls = append(s.Linux.Seccomp.Syscalls, specs.LinuxSyscall{Names: []string{name}, Action: specs.ActAllow, Args: args})
		}
	}
	family := func(op specs.LinuxSeccompOperator, n uint64) specs.LinuxSeccompArg {
		return specs.LinuxSeccompArg{Value: n, Op: op}
	}
	deny := func(args ...specs.LinuxSeccompArg) func(s *specs.Spec) {
		return func(s *specs.Spec) {
			s.Linux.Seccomp = &specs.LinuxSeccomp{
				DefaultAction: specs.ActAllow, Syscalls: []specs.LinuxSyscall{{Names: []string{"socket"}, Action: specs.ActErrno, Args: args}},
			}
		}
	}
	return []sight{
		{ability{seccomp, "bpf made"}, hardened, allow("bpf")},
		{ability{seccomp, "keyctl made"}, hardened, allow("keyctl", family(specs.OpEqualTo, 7))},
		{ability{seccomp, "socketcall made"}, hardened, allow("socketcall")},
		{ability{seccomp, "AF_ALG made"}, hardened, allow("socket", family(specs.OpNotEqual, 38))}, // but for the high half
		{ability{seccomp, "AF_VSOCK made"}, hardened, allow("socket", family(specs.OpNotEqual, 38), family(specs.OpNotEqual, 40))},
		{ability{seccomp, "AF_ALG made"}, hardened, deny(family(specs.OpEqualTo, 38))},
	}
}

// TestSees: the oracle is not blind, and the profiles refuse what it sees.
func TestSees(t *testing.T) {
	n, p, tight := node{appArmor: true}, newPolicies(t), bases(t)[2]
	for _, tt := range sights() {
		spec := ocispec.Clone(tight)
		tt.do(spec)
		state := n.read(spec)
		if !state.can[tt.want] {
			t.Errorf("%v is not seen", tt.want)
		}
		for level := range p.profiles {
			if forbidden := profile(level).forbids(tt.want); forbidden != (profile(level) >= tt.from) {
				t.Errorf("%s forbids %v: %t", profile(level), tt.want, forbidden)
			}
			d := p.profiles[level].Evaluate(n.subject(spec), policy.Complete)
			if profile(level) >= tt.from && len(profile(level).bad(n.read(d.Spec))) > 0 && d.Outcome() != policy.Denied {
				t.Errorf("%s lets through %v", profile(level), tt.want)
			}
		}
	}
}

// TestReach: the mutations reach every outcome and every kind of ability.
func TestReach(t *testing.T) {
	from, p := bases(t), newPolicies(t)
	outcomes, kinds, edits := make(map[string]bool), make(map[kind]bool), make(map[string]bool)
	for seed := range uint64(400) {
		one, names := try(from, p, uint8(seed*7), someBytes(seed))
		for i, o := range one.outcomes {
			outcomes[profile(i).String()+" "+string(o)] = true
		}
		for a := range one.before.can {
			kinds[a.kind] = true
		}
		for _, name := range names {
			edits[name] = true
		}
	}
	for _, want := range []string{"baseline allowed", "baseline denied", "restricted allowed", "hardened adjusted", "hardened denied", "everything adjusted", "everything denied"} {
		if !outcomes[want] {
			t.Errorf("no container is %s", want)
		}
	}
	for _, m := range mutations() {
		if !edits[m.name] {
			t.Errorf("no spec is mutated by %q", m.name)
		}
	}
	for _, k := range allKinds() {
		if !kinds[k] {
			t.Errorf("no spec gives %q", k)
		}
	}
}

func allKinds() []kind {
	return []kind{
		capability, root, escalate, hostNamespace, otherNamespace, hostFiles, filesystem, remount, volume, token, runWritable, mountFlag, kernelFiles, unmasked,
		foreignIDs, propagation, spread, device, deviceNode, sysctl, appArmor, seLinux, seccomp, writableRoot, noLimit, annotation, cgroup, priority, netDevice,
		rdt, hook, variable,
	}
}
