package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// TestAllowPartOfList: of what a rule finds together, an exception excuses only what it allows, and the
// rest is a violation.
func TestAllowPartOfList(t *testing.T) {
	none := func(s *specs.Spec) { s.Process.Capabilities = &specs.LinuxCapabilities{} }
	var rest []string // rules with lists that are not in the table
	for _, k := range kinds() {
		if _, ok := k.make().(widens); ok {
			rest = append(rest, k.name)
		}
	}
	for rule, c := range map[string]struct {
		fields, allow string
		spec          *specs.Spec
		ports         []HostPort
		excused, left string
	}{
		"annotations": {"", "[run.oci.handler]", newSpec(func(s *specs.Spec) {
			s.Annotations = map[string]string{"run.oci.handler": "x", "run.oci.systemd.subgroup": "y"}
		}), nil, "run.oci.handler", "run.oci.systemd.subgroup"},
		"capabilities": {"drop: [ALL]", "[NET_ADMIN]", newSpec(none, withCaps("CAP_NET_ADMIN", "CAP_SYS_ADMIN")), nil, "NET_ADMIN", "SYS_ADMIN"},
		"devices": {"", "[{path: /dev/fuse}]", newSpec(withDevice(specs.LinuxDevice{Path: "/dev/fuse", Type: "c", Major: 10, Minor: 229}, "rwm"),
			withDevice(specs.LinuxDevice{Path: "/dev/kvm", Type: "c", Major: 10, Minor: 232}, "rwm")), nil, "/dev/fuse", "/dev/kvm"},
		"env":            {"forbid: [LD_PRELOAD, LD_AUDIT]", "[LD_AUDIT]", newSpec(withEnv("LD_PRELOAD=x", "LD_AUDIT=y")), nil, "LD_AUDIT", "LD_PRELOAD"},
		"hooks":          {"", "[/opt/a]", newSpec(withHooks("createRuntime /opt/a", "createRuntime /opt/b")), nil, "/opt/a", "/opt/b"},
		"hostNamespaces": {"", "[pid]", newSpec(withoutNamespace(specs.PIDNamespace), withoutNamespace(specs.IPCNamespace)), nil, "pid", "ipc"},
		"hostPaths": {"", "[{path: /srv/a}]", newSpec(withMounts(bind("/a", "/srv/a", "rbind", "ro"), bind("/b", "/srv/b", "rbind", "ro"))), nil,
			"/srv/a", "/srv/b"},
		"hostPorts": {"", "[{min: 80, max: 80}]", newSpec(), []HostPort{{Port: 80, Protocol: "TCP"}, {Port: 9443, Protocol: "TCP"}}, "80", "9443"},
		"netDevices": {"", "[eth0]", newSpec(func(s *specs.Spec) {
			s.Linux.NetDevices = map[string]specs.LinuxNetDevice{"eth0": {}, "ib0": {}}
		}), nil, "eth0", "ib0"},
		"runAsNonRoot": {"allowedSupplementalGroups: [{min: 1, max: 1}]", "{allowedSupplementalGroups: [{min: 55, max: 55}]}",
			newSpec(withUser(1000, 1000, 55, 77)), nil, "55", "77"},
		"scheduler": {"", "{allowedPolicies: [SCHED_FIFO]}", newSpec(func(s *specs.Spec) {
			s.Process.Scheduler = &specs.Scheduler{Policy: specs.SchedFIFO}
			s.Process.IOPriority = &specs.LinuxIOPriority{Class: specs.IOPRIO_CLASS_RT}
		}), nil, "SCHED_FIFO", "IOPRIO_CLASS_RT"},
		"seLinuxOptions": {"type: container_t, allowedRoles: [system_r]", "{allowedTypes: [spc_t]}",
			newSpec(withSELinux("system_u:other_r:spc_t:s0", "")), nil, "spc_t", "other_r"},
		"sysctls": {"", "[kernel.msgmax]", newSpec(withSysctls("kernel.msgmax", "1", "kernel.sem", "2")), nil, "kernel.msgmax", "kernel.sem"},
		"volumeTypes": {"allowed: [secret]", "[hostPath]", newSpec(withMounts(bind("/a", "/srv", "rbind"),
			bind("/b", "/var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~empty-dir/x", "rbind"))), nil, "hostPath at /a", "emptyDir at /b"},

		// These judge one thing.
		"appArmorProfile": {}, "cgroupsPath": {}, "images": {}, "intelRdt": {}, "runtimeHandlers": {}, "seccompProfile": {},
	} {
		rest = slices.DeleteFunc(rest, func(name string) bool { return name == rule })
		if c.spec == nil {
			continue
		}
		for _, action := range []Action{Reject, Audit} {
			fields := "onViolation: " + string(action)
			if c.fields != "" {
				fields += ", " + c.fields
			}
			sub := subject(c.spec)
			sub.Pod.Sandbox = &Sandbox{HostPorts: c.ports}
			d := compileDocs(t, policyDoc("test", rule+": {"+fields+"}"), exceptionFor("x", "{"+rule+": "+c.allow+"}")).Evaluate(sub, Complete)
			var left, excepted []string
			for _, v := range append(d.Violations, d.Audit...) {
				left = append(left, v.Found)
			}
			for _, x := range d.Excepted {
				excepted = append(excepted, x.Found)
			}
			for text, excused := range map[string]bool{c.excused: true, c.left: false} {
				if strings.Contains(strings.Join(excepted, "; "), text) != excused || strings.Contains(strings.Join(left, "; "), text) == excused {
					t.Errorf("%s, %s: %q, excepted %q", rule, action, left, excepted)
				}
			}
		}
	}
	if len(rest) > 0 {
		t.Errorf("not in the table: %v", rest)
	}
}
