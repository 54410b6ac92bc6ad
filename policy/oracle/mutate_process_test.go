package oracle

import (
	"github.com/opencontainers/runtime-spec/specs-go"
)

func processMutations() []mutation {
	return []mutation{
		{"no capabilities", func(_ *choice, s *specs.Spec) { s.Process.Capabilities = nil }},
		{"a capability", addCapability},
		{"all capabilities", func(_ *choice, s *specs.Spec) {
			var all []string
			for _, name := range kernelCapabilities() {
				all = append(all, "CAP_"+name)
			}
			s.Process.Capabilities = &specs.LinuxCapabilities{Bounding: all, Effective: all, Permitted: all}
		}},
		{"user", func(c *choice, s *specs.Spec) {
			s.Process.User = specs.User{
				UID: pick[uint32](c, 0, 0, 1, 1000, 65532, keepsID), GID: pick[uint32](c, 0, 1000),
				AdditionalGids: some[uint32](c, 2, 0, 6, 1000),
			}
		}},
		{"noNewPrivileges", func(c *choice, s *specs.Spec) { s.Process.NoNewPrivileges = c.yes() }},
		{"AppArmor", func(c *choice, s *specs.Spec) {
			s.Process.ApparmorProfile = pick(c, "", "unconfined", "cri-containerd.apparmor.d", "web", "lazy", "gone", ":ns:unconfined", "root//unconfined",
				"unconfined//&web", "web//&unconfined", `"unconfined"`, " unconfined", "&unconfined", ":root://unconfined", "containers-default-0.44.0",
				"containers-default-x", "crio-default", "unconfined\n", "web//&lazy")
		}},
		{"SELinux", func(c *choice, s *specs.Spec) {
			s.Process.SelinuxLabel = pick(c, "", "system_u:system_r:container_t:s0:c1,c2", "system_u:system_r:spc_t:s0", "x", "unconfined_u:system_r:container_t:s0",
				"system_u:unconfined_r:container_t", "system_u:system_r:container_init_t:s0")
			s.Linux.MountLabel = pick(c, "", "system_u:object_r:container_file_t:s0:c1,c2", "system_u:object_r:container_file_t:s0", "y")
		}},
		{"root filesystem", func(c *choice, s *specs.Spec) { s.Root.Readonly = c.yes() }},
		{"environment", func(c *choice, s *specs.Spec) {
			s.Process.Env = append(s.Process.Env, pick(c, "LD_PRELOAD=/x", "LD_PRELOAD", "ld_preload=1", "=LD_PRELOAD", "LD_AUDIT=a=b", "A/LD_=1", " LD_PRELOAD=1"))
		}},
		{"rlimit", func(c *choice, s *specs.Spec) {
			s.Process.Rlimits = append(s.Process.Rlimits, specs.POSIXRlimit{
				Type: pick(c, "RLIMIT_NOFILE", "nofile", "rlimit_core", "RLIMIT_CORE"), Soft: pick[uint64](c, 0, 1024, 1<<63), Hard: pick[uint64](c, 0, 1024, 1<<64-1),
			})
		}},
		{"hooks", func(c *choice, s *specs.Spec) {
			s.Hooks = &specs.Hooks{
				CreateRuntime: []specs.Hook{{Path: pick(c, "/bin/sh", allowedHook, "opt/ok", "/opt/../bin/sh")}}, Poststop: []specs.Hook{{Path: "/x"}},
			}
		}},
		{"priority", func(c *choice, s *specs.Spec) {
			s.Process.OOMScoreAdj = pick(c, nil, new(-1000), new(-998), new(-997), new(0), new(1000))
			s.Process.Scheduler = pick(c, nil, &specs.Scheduler{
				Policy: pick(c, specs.SchedOther, specs.SchedFIFO, specs.SchedIdle, specs.SchedDeadline, specs.SchedBatch), Nice: pick[int32](c, 0, -20, 10),
			})
			s.Process.IOPriority = pick(c, nil, &specs.LinuxIOPriority{Class: pick(c, specs.IOPRIO_CLASS_RT, specs.IOPRIO_CLASS_BE, specs.IOPRIO_CLASS_IDLE)})
		}},
		{"annotation", func(c *choice, s *specs.Spec) {
			s.Annotations = map[string]string{pick(c, "run.oci.seccomp_bpf_data", "run.oci.handler", "org.criu.config", "org.systemd.property.ExecStartPre",
				"io.katacontainers.config.hypervisor.path", "dev.gvisor.spec.mount.a.type", "kubernetes.io/created-by", "run.oci", "xrun.oci.handler"): "x"}
		}},
		{"no process", func(_ *choice, s *specs.Spec) { s.Process = nil }},
		{"no root", func(_ *choice, s *specs.Spec) { s.Root = nil }},
		{"no linux", func(_ *choice, s *specs.Spec) { s.Linux = nil }},
	}
}

func addCapability(c *choice, s *specs.Spec) {
	if s.Process.Capabilities == nil {
		s.Process.Capabilities = &specs.LinuxCapabilities{}
	}
	sets := s.Process.Capabilities
	name := pick(c, "CAP_", "CAP_", "CAP_", "cap_") + pick(c, kernelCapabilities()...)
	set := pick(c, &sets.Bounding, &sets.Effective, &sets.Permitted, &sets.Inheritable, &sets.Ambient)
	*set = append((*set)[:len(*set):len(*set)], name)
}
