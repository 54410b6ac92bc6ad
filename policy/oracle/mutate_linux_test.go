package oracle

import (
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func linuxMutations() []mutation {
	return []mutation{
		{"namespace gone", func(c *choice, s *specs.Spec) {
			if l := s.Linux; len(l.Namespaces) > 0 {
				at := c.n(len(l.Namespaces))
				l.Namespaces = slices.Delete(l.Namespaces, at, at+1)
			}
		}},
		{"namespace", func(c *choice, s *specs.Spec) {
			ns := specs.LinuxNamespace{
				Type: pick(c, specs.UserNamespace, specs.CgroupNamespace, specs.TimeNamespace, specs.NetworkNamespace, specs.PIDNamespace, specs.IPCNamespace,
					specs.UTSNamespace, specs.MountNamespace),
				Path: pick(c, "", "", "/proc/99/ns/x", "/proc/1/ns/x"),
			}
			s.Linux.Namespaces = append(slices.DeleteFunc(s.Linux.Namespaces, func(o specs.LinuxNamespace) bool { return o.Type == ns.Type }), ns)
		}},
		{"user namespace", func(c *choice, s *specs.Spec) {
			m := []specs.LinuxIDMapping{{HostID: pick[uint32](c, 65536, 0, 1), Size: pick[uint32](c, 65536, 0, 1)}}
			s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: specs.UserNamespace})
			s.Linux.UIDMappings, s.Linux.GIDMappings = m, pick(c, m, nil)
		}},
		{"masked paths", func(c *choice, s *specs.Spec) { s.Linux.MaskedPaths = paths(c, s.Linux.MaskedPaths) }},
		{"read-only paths", func(c *choice, s *specs.Spec) { s.Linux.ReadonlyPaths = paths(c, s.Linux.ReadonlyPaths) }},
		{"sysctl", func(c *choice, s *specs.Spec) {
			if s.Linux.Sysctl == nil {
				s.Linux.Sysctl = make(map[string]string)
			}
			s.Linux.Sysctl[pick(c, "kernel.core_pattern", "kernel/core_pattern", "net.ipv4.ip_local_port_range", "net/ipv4/tcp_syncookies", "kernel.shm_rmid_forced",
				"vm.swappiness", "net.ipv4/../../kernel.x", "kernel.modprobe", "net.ipv4.tcp_rmem", "net/ipv4.tcp_rmem", "../../etc/x")] =
				pick(c, "1", "1 2", "1+kernel.x=2", "a\nb", "|/bin/x", "4096\t131072\t6291456")
		}},
		{"propagation", func(c *choice, s *specs.Spec) {
			s.Linux.RootfsPropagation = pick(c, "", "shared", "rshared", "rslave", "private", "unbindable")
		}},
		{"cgroup", func(c *choice, s *specs.Spec) {
			s.Linux.CgroupsPath = pick(c, "", "/", "/x", "/kubepods/besteffort/pod"+podUID+"/c", "/kubepods/pod"+podUID+"/../../c", "/kubepods/besteffort/podother/c",
				"system.slice:cri-containerd:c", "kubepods-besteffort-podb58d4d50_a334_b57c_f911_ed0bfa6e2193.slice:cri-containerd:c", "kubepods/pod"+podUID+"/c")
		}},
		{"network device", func(c *choice, s *specs.Spec) {
			s.Linux.NetDevices = map[string]specs.LinuxNetDevice{pick(c, "eth0", "ib0"): {}}
		}},
		{"RDT", func(c *choice, s *specs.Spec) {
			s.Linux.IntelRdt = pick(c, nil, &specs.LinuxIntelRdt{ClosID: "web"}, &specs.LinuxIntelRdt{ClosID: "web", L3CacheSchema: "L3:0=f"})
		}},
		{"seccomp profile", func(c *choice, s *specs.Spec) {
			s.Linux.Seccomp = pick(c, nil, &specs.LinuxSeccomp{DefaultAction: action(c), Architectures: some(c, 3, specs.ArchX86_64, specs.ArchX86, specs.ArchX32)})
			for s.Linux.Seccomp != nil && c.n(4) > 0 {
				addCall(c, s.Linux.Seccomp)
			}
		}},
		{"seccomp rule", func(c *choice, s *specs.Spec) {
			if s.Linux.Seccomp != nil {
				addCall(c, s.Linux.Seccomp)
			}
		}},
		{"seccomp rule gone", func(c *choice, s *specs.Spec) {
			if p := s.Linux.Seccomp; p != nil && len(p.Syscalls) > 0 {
				at := c.n(len(p.Syscalls))
				p.Syscalls = slices.Delete(p.Syscalls, at, at+1)
			}
		}},
	}
}

func paths(c *choice, have []string) []string {
	return pick(c, nil, []string{}, []string{"/proc"}, []string{"/proc", "/sys"}, []string{"/proc/kcore", "/proc/acpi"}, []string{"/"}, []string{"/proc/../proc", "/sys"},
		have[min(1, len(have)):], []string{"/proc/sys"}, []string{"/proc//./", "/sys/"}, slices.Concat(have, []string{"/sys", "/proc2"}))
}

func action(c *choice) specs.LinuxSeccompAction {
	return pick(c, specs.ActErrno, specs.ActAllow, specs.ActKill, specs.ActLog, specs.ActTrace, specs.ActNotify, specs.ActKillProcess, specs.ActTrap)
}

func addCall(c *choice, p *specs.LinuxSeccomp) {
	rule := specs.LinuxSyscall{Action: action(c), Names: some(c, 3, "read", "ptrace", "socket", "socketpair", "socketcall", "bpf", "add_key", "io_uring_setup", "init_module",
		"kexec_load", "keyctl")}
	for range c.n(3) {
		rule.Args = append(rule.Args, specs.LinuxSeccompArg{
			Index: pick[uint](c, 0, 0, 1), Value: pick[uint64](c, 38, 33, 40, 2, 39, 0xffffffff), ValueTwo: pick[uint64](c, 0, 38),
			Op: pick(c, specs.OpEqualTo, specs.OpNotEqual, specs.OpGreaterThan, specs.OpLessEqual, specs.OpMaskedEqual, specs.OpGreaterEqual, specs.OpLessThan),
		})
	}
	p.Syscalls = slices.Insert(p.Syscalls, c.n(min(len(p.Syscalls)+1, 200)), rule)
}
