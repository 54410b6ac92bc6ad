package oracle

import (
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// node reads what the container is to the rest of the node.
func (s *state) node(spec *specs.Spec, l *specs.Linux) {
	for name := range l.Sysctl {
		if !slices.Contains(safeSysctls(), sysctlFile(name)) {
			s.add(sysctl, name)
		}
	}
	for name := range spec.Annotations {
		if obeyed(name) {
			s.add(annotation, name)
		}
	}
	if !inPod(l.CgroupsPath) {
		s.add(cgroup, l.CgroupsPath)
	}
	if l.Resources != nil {
		for name := range l.Resources.Unified {
			if strings.HasPrefix(name, "cgroup.") || strings.Contains(name, "/") {
				s.add(cgroup, name) // processes of the host, and other cgroups
			}
		}
	}
	for name := range l.NetDevices {
		s.add(netDevice, name)
	}
	if r := l.IntelRdt; r != nil && (r.L3CacheSchema != "" || r.MemBwSchema != "" || len(r.Schemata) > 0) {
		s.add(rdt, r.ClosID)
	}
	if p := spec.Process; p != nil {
		s.preferred(p)
	}
	if h := spec.Hooks; h != nil {
		for _, list := range [][]specs.Hook{
			h.Prestart, h.CreateRuntime, h.CreateContainer, h.StartContainer, h.Poststart, h.Poststop, //nolint:staticcheck // deprecated, and run all the same
		} {
			for _, one := range list {
				s.add(hook, one.Path)
			}
		}
	}
}

// preferred reads what puts the process before others of the node.
func (s *state) preferred(p *specs.Process) {
	if p.OOMScoreAdj == nil || *p.OOMScoreAdj < -997 { // the kubelet's least; without one the runtime's stays
		s.add(priority, "OOM score")
	}
	if c := p.Scheduler; c != nil {
		switch c.Policy {
		case specs.SchedOther, specs.SchedBatch, specs.SchedIdle:
		default:
			s.add(priority, string(c.Policy))
		}
		if c.Nice < 0 {
			s.add(priority, "nice value")
		}
	}
	if c := p.IOPriority; c != nil && c.Class == specs.IOPRIO_CLASS_RT {
		s.add(priority, "I/O")
	}
}

// sysctlFile is the file below /proc/sys that a runtime writes: the dots of a name
// become slashes.
func sysctlFile(name string) string { return path.Clean(strings.ReplaceAll(name, ".", "/")) }

// safeSysctls are the safe ones of Kubernetes 1.37 (Pod Security Standards,
// "Sysctls").
func safeSysctls() []string {
	return strings.Fields(`kernel/shm_rmid_forced net/ipv4/ip_local_port_range net/ipv4/ip_local_reserved_ports
		net/ipv4/ip_unprivileged_port_start net/ipv4/ping_group_range net/ipv4/tcp_fin_timeout net/ipv4/tcp_keepalive_intvl
		net/ipv4/tcp_keepalive_probes net/ipv4/tcp_keepalive_time net/ipv4/tcp_notsent_lowat net/ipv4/tcp_rmem
		net/ipv4/tcp_slow_start_after_idle net/ipv4/tcp_syncookies net/ipv4/tcp_wmem`)
}

// obeyed reports whether an OCI runtime takes orders from the annotation (crun(1),
// runc's docs/systemd-properties.md, OCI features-linux.md).
func obeyed(name string) bool {
	return slices.ContainsFunc([]string{
		"run.oci.", "org.criu.", "org.systemd.property.", "io.katacontainers.", "dev.gvisor.", "module.wasm.", "krun.",
	}, func(family string) bool { return strings.HasPrefix(name, family) })
}

// inPod reports whether the cgroup lies in the one that the kubelet makes for the
// pod. systemd has slice:prefix:name, and the slices above a slice in its name.
func inPod(cgroup string) bool {
	if slice, rest, ok := strings.Cut(cgroup, ":"); ok {
		prefix, name, ok := strings.Cut(rest, ":")
		return ok && prefix != "" && name != "" && !strings.Contains(rest, "/") &&
			strings.HasPrefix(slice, "kubepods") && strings.HasSuffix(slice, "-pod"+strings.ReplaceAll(podUID, "-", "_")+".slice")
	}
	return path.IsAbs(cgroup) && path.Base(path.Dir(path.Clean(cgroup))) == "pod"+podUID
}
