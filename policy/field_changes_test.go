package policy

import (
	"maps"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// judging are the rules that read specs, each with what lets it find something.
func judging() map[string]string {
	return map[string]string{
		"privileged": "{}", "capabilities": "{drop: [SYS_ADMIN, SYS_TIME]}", "allowPrivilegeEscalation": "{}",
		"runAsNonRoot": "{allowedGroups: [{min: 0, max: 9}], allowedSupplementalGroups: [{min: 0, max: 10}]}", "annotations": "{}",
		"oomScoreAdj": "{}", "scheduler": "{}", "cgroupsPath": "{}", "userNamespace": "{}", "hostNamespaces": "{}", "hostPaths": "{allowed: [{path: /ro, readOnly: true}]}",
		"volumeTypes": "{allowed: [projected]}", "tokens": "{}", "devices": "{}", "netDevices": "{}", "rootfsPropagation": "{}",
		"intelRdt": "{allowed: [batch]}", "hooks": "{}", "readOnlyRootFilesystem": "{}", "procMount": "{}",
		"mountOptions": "{require: [{paths: [/data], options: [nosuid]}]}", "sysctls": "{}", "env": "{forbid: [LD_PRELOAD]}",
		"rlimits": "{limits: [{type: RLIMIT_NOFILE, max: 10}]}", "appArmorProfile": "{}", "seLinuxOptions": "{type: container_t}",
		"resources": "{memory: {max: 1Gi}, cpu: {max: 1}, pids: {max: 10}, swap: {max: 1Mi}, hugepages: {max: 2Mi}}", "seccompProfile": "{anyProfile: true, block: {syscalls: [mount], socketFamilies: [AF_ALG]}}",
	}
}

// change is a change of a field.
type change struct{ before, after option }

// to is a change of a spec that has nothing more.
func to(after option) change { return change{func(*specs.Spec) {}, after} }

// fieldChanges are changes of fields that rules judge: by field, and by field and rule
// where a rule needs another.
func fieldChanges() map[string]change {
	out := make(map[string]change)
	for _, more := range []map[string]change{processChanges(), fileChanges(), kernelChanges(), resourceChanges()} {
		maps.Copy(out, more)
	}
	return out
}

func processChanges() map[string]change {
	out := map[string]change{
		"process":                     to(func(s *specs.Spec) { s.Process.Capabilities = nil }),
		"process.user":                to(withUser(1000, 0)),
		"process.user.uid":            to(withUser(1000, 0, 0, 10)),
		"process.user.gid":            to(withUser(0, 70, 0, 10)),
		"process.user.additionalGids": to(withUser(0, 0, 70)),
		"process.env":                 to(withEnv("LD_PRELOAD=x")),
		"process.capabilities":        to(allCaps),
		"process.rlimits":             to(withRlimit("RLIMIT_NOFILE", 50, 50)),
		"process.rlimits[].type":      {withRlimit("RLIMIT_CORE", 50, 50), func(s *specs.Spec) { s.Process.Rlimits[0].Type = "RLIMIT_NOFILE" }},
		"process.rlimits[].hard":      {withRlimit("RLIMIT_NOFILE", 5, 5), func(s *specs.Spec) { s.Process.Rlimits[0].Hard = 50 }},
		"process.rlimits[].soft":      {withRlimit("RLIMIT_NOFILE", 5, 5), func(s *specs.Spec) { s.Process.Rlimits[0].Soft = 50 }},
		"process.noNewPrivileges":     to(func(s *specs.Spec) { s.Process.NoNewPrivileges = true }),
		"process.apparmorProfile":     to(withAppArmor("web")),
		"process.oomScoreAdj":         to(func(s *specs.Spec) { s.Process.OOMScoreAdj = new(-1000) }),
		"process.scheduler":           to(func(s *specs.Spec) { s.Process.Scheduler = &specs.Scheduler{Policy: specs.SchedFIFO} }),
		"process.scheduler.policy":    {withScheduler(specs.Scheduler{Policy: specs.SchedBatch}), func(s *specs.Spec) { s.Process.Scheduler.Policy = specs.SchedRR }},
		"process.scheduler.nice":      {withScheduler(specs.Scheduler{Policy: specs.SchedOther}), func(s *specs.Spec) { s.Process.Scheduler.Nice = -9 }},
		"process.selinuxLabel":        to(withSELinux("system_u:system_r:spc_t:s0", "")),
		"process.ioPriority":          to(func(s *specs.Spec) { s.Process.IOPriority = &specs.LinuxIOPriority{Class: specs.IOPRIO_CLASS_RT} }),
		"process.ioPriority.class":    {func(s *specs.Spec) { s.Process.IOPriority = &specs.LinuxIOPriority{Class: specs.IOPRIO_CLASS_BE} }, func(s *specs.Spec) { s.Process.IOPriority.Class = specs.IOPRIO_CLASS_RT }},
	}
	for i, set := range []string{"bounding", "effective", "permitted", "inheritable", "ambient"} {
		out["process.capabilities."+set] = to(func(s *specs.Spec) {
			names := capabilitySets(s)[i]
			*names = append(*names, "CAP_SYS_ADMIN", "CAP_SYS_MODULE", "CAP_SYS_RAWIO")
		})
	}
	return out
}

func withScheduler(c specs.Scheduler) option {
	return func(s *specs.Spec) { s.Process.Scheduler = &c }
}

// last edits the last mount.
func last(edit func(*specs.Mount)) option {
	return func(s *specs.Spec) { edit(&s.Mounts[len(s.Mounts)-1]) }
}

func fileChanges() map[string]change {
	volume := withMount(bind("/data", "/var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~empty-dir/a", "rbind"))
	hostPath := withMount(bind("/data", "/srv", "rbind", "nosuid"))
	token := withMount(bind("/data", podVolumes+"kubernetes.io~projected/kube-api-access-x", "rbind", "ro"))
	sysfs := withMount(specs.Mount{Destination: "/s", Type: "sysfs", Source: "sysfs", Options: []string{"ro"}})
	out := map[string]change{
		"root":                           {func(s *specs.Spec) { s.Root.Readonly = true }, func(s *specs.Spec) { s.Root = nil }},
		"root.readonly":                  to(func(s *specs.Spec) { s.Root.Readonly = true }),
		"mounts":                         to(withMount(bind("/data", "/srv", "rbind", "rw"))),
		"mounts tokens":                  to(token),
		"mounts[].destination tokens":    {token, last(func(m *specs.Mount) { m.Destination = "/else" })},
		"mounts[].source tokens":         {token, last(func(m *specs.Mount) { m.Source = "/srv" })},
		"mounts privileged":              to(withMount(specs.Mount{Destination: "/s", Type: "sysfs", Source: "sysfs"})),
		"mounts[].destination hostPaths": {volume, last(func(m *specs.Mount) { m.Destination = "/d"; m.Source = "/srv" })},
		"mounts[].destination":           {volume, last(func(m *specs.Mount) { m.Destination = "/else" })},
		"mounts[].type":                  {hostPath, last(func(m *specs.Mount) { m.Type, m.Options = "tmpfs", nil })},
		"mounts[].type privileged":       {withMount(specs.Mount{Destination: "/s", Type: "tmpfs", Source: "sysfs"}), last(func(m *specs.Mount) { m.Type = "sysfs" })},
		"mounts[].source":                {hostPath, last(func(m *specs.Mount) { m.Source = "/var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~empty-dir/a" })},
		"mounts[].options hostPaths":     {withMount(bind("/data", "/ro", "rbind", "ro", "rro")), last(func(m *specs.Mount) { m.Options = []string{"rbind"} })},
		"mounts[].options mountOptions":  {volume, last(func(m *specs.Mount) { m.Options = append(m.Options, "nosuid") })},
		"mounts[].options privileged":    {sysfs, last(func(m *specs.Mount) { m.Options = []string{"rw"} })},
		"annotations":                    to(func(s *specs.Spec) { s.Annotations = map[string]string{"run.oci.handler": "krun"} }),
		"linux.rootfsPropagation":        to(func(s *specs.Spec) { s.Linux.RootfsPropagation = "rshared" }),
		"linux.maskedPaths":              to(func(s *specs.Spec) { s.Linux.MaskedPaths = nil }),
		"linux.maskedPaths privileged":   {privileged, func(s *specs.Spec) { s.Linux.MaskedPaths = []string{"/proc/kcore"} }},
		"linux.readonlyPaths":            to(func(s *specs.Spec) { s.Linux.ReadonlyPaths = nil }),
		"linux.mountLabel":               {withSELinux("system_u:system_r:container_t:s0", "system_u:object_r:container_file_t:s0"), func(s *specs.Spec) { s.Linux.MountLabel = "system_u:object_r:container_file_t:s0:c9" }},
		"hooks":                          to(withHooks("createRuntime /x")),
	}
	for i, kind := range []string{"uidMappings", "gidMappings"} {
		pods := []specs.LinuxIDMapping{{HostID: 70000, Size: 65536}}
		mapped := func(s *specs.Spec) {
			volume(s)
			s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: specs.UserNamespace})
			s.Linux.UIDMappings, s.Linux.GIDMappings = pods, pods
			last(func(m *specs.Mount) { m.UIDMappings, m.GIDMappings = pods, pods })(s)
		}
		mapping := func(edit func(*specs.LinuxIDMapping)) change {
			return change{mapped, last(func(m *specs.Mount) { edit(&[][]specs.LinuxIDMapping{m.UIDMappings, m.GIDMappings}[i][0]) })}
		}
		out["mounts[]."+kind] = change{mapped, last(func(m *specs.Mount) { *[]*[]specs.LinuxIDMapping{&m.UIDMappings, &m.GIDMappings}[i] = pods[:0] })}
		out["mounts[]."+kind+"[].containerID"] = mapping(func(m *specs.LinuxIDMapping) { m.ContainerID = 5 })
		out["mounts[]."+kind+"[].hostID"] = mapping(func(m *specs.LinuxIDMapping) { m.HostID = 0 })
		out["mounts[]."+kind+"[].size"] = mapping(func(m *specs.LinuxIDMapping) { m.Size = 5 })
	}
	for i, kind := range []string{"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"} {
		add := func(path string) option {
			return func(s *specs.Spec) {
				if s.Hooks == nil {
					s.Hooks = &specs.Hooks{}
				}
				*hookKinds(s.Hooks)[i].hooks = []specs.Hook{{Path: path}}
			}
		}
		out["hooks."+kind] = to(add("/x"))
		out["hooks."+kind+"[].path"] = change{add("/x"), add("/y")}
	}
	return out
}

func kernelChanges() map[string]change {
	join := func(typ specs.LinuxNamespaceType, path string) option {
		return func(s *specs.Spec) {
			s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: typ, Path: path})
		}
	}
	rdt := func(edit func(*specs.LinuxIntelRdt)) change {
		return change{
			func(s *specs.Spec) { s.Linux.IntelRdt = &specs.LinuxIntelRdt{ClosID: "batch"} },
			func(s *specs.Spec) { edit(s.Linux.IntelRdt) },
		}
	}
	out := map[string]change{
		"linux":                          to(func(s *specs.Spec) { s.Linux = nil }),
		"linux.sysctl":                   to(withSysctls("kernel.msgmax", "1")),
		"linux.cgroupsPath":              to(func(s *specs.Spec) { s.Linux.CgroupsPath = "/redescape/9b7e" }),
		"linux.namespaces":               to(withoutNamespace(specs.PIDNamespace)),
		"linux.namespaces userNamespace": to(join(specs.UserNamespace, "")),
		"linux.namespaces[].type":        {join(specs.MountNamespace, "/x"), func(s *specs.Spec) { s.Linux.Namespaces[len(s.Linux.Namespaces)-1].Type = specs.UserNamespace }},
		"linux.namespaces[].path":        {join(specs.MountNamespace, ""), func(s *specs.Spec) { s.Linux.Namespaces[len(s.Linux.Namespaces)-1].Path = "/x" }},
		"linux.netDevices":               to(func(s *specs.Spec) { s.Linux.NetDevices = map[string]specs.LinuxNetDevice{"eth0": {}} }),
		"linux.intelRdt":                 to(func(s *specs.Spec) { s.Linux.IntelRdt = &specs.LinuxIntelRdt{ClosID: "gold"} }),
		"linux.intelRdt.closID":          rdt(func(r *specs.LinuxIntelRdt) { r.ClosID = "gold" }),
		"linux.intelRdt.schemata":        rdt(func(r *specs.LinuxIntelRdt) { r.Schemata = []string{"L3:0=1"} }),
		"linux.intelRdt.l3CacheSchema":   rdt(func(r *specs.LinuxIntelRdt) { r.L3CacheSchema = "L3:0=1" }),
		"linux.intelRdt.memBwSchema":     rdt(func(r *specs.LinuxIntelRdt) { r.MemBwSchema = "MB:0=1" }),
		"linux.seccomp":                  to(withSeccomp(&specs.LinuxSeccomp{DefaultAction: specs.ActErrno})),
		"linux.seccomp privileged":       {privileged, withSeccomp(&specs.LinuxSeccomp{DefaultAction: specs.ActErrno})},
	}
	out["linux.seccomp.defaultAction"] = change{
		withSeccomp(&specs.LinuxSeccomp{DefaultAction: specs.ActErrno}), func(s *specs.Spec) { s.Linux.Seccomp.DefaultAction = specs.ActAllow },
	}
	profile := func(args ...specs.LinuxSeccompArg) option {
		return func(s *specs.Spec) {
			s.Linux.Seccomp = &specs.LinuxSeccomp{DefaultAction: specs.ActAllow, Syscalls: []specs.LinuxSyscall{
				{Names: []string{"socket", "socketpair"}, Action: specs.ActErrno, Args: args}, {Names: []string{"mount", "socketcall", "io_uring_setup", "io_uring_enter", "io_uring_register"}, Action: specs.ActErrno},
			}}
		}
	}
	of := specs.LinuxSeccompArg{Value: 0xffffffff, ValueTwo: unix.AF_ALG, Op: specs.OpMaskedEqual}
	for field, edit := range map[string]func(*specs.LinuxSeccomp){
		"syscalls":          func(p *specs.LinuxSeccomp) { p.Syscalls = p.Syscalls[:1] },
		"syscalls[].names":  func(p *specs.LinuxSeccomp) { p.Syscalls[1].Names = []string{"umount2"} },
		"syscalls[].action": func(p *specs.LinuxSeccomp) { p.Syscalls[1].Action = specs.ActAllow },
		"syscalls[].args": func(p *specs.LinuxSeccomp) {
			p.Syscalls[0].Args = append(p.Syscalls[0].Args, specs.LinuxSeccompArg{Index: 1, Value: 1, Op: specs.OpEqualTo})
		},
		"syscalls[].args[].index":    func(p *specs.LinuxSeccomp) { p.Syscalls[0].Args[0].Index = 1 },
		"syscalls[].args[].value":    func(p *specs.LinuxSeccomp) { p.Syscalls[0].Args[0].Value = 1 << 32 },
		"syscalls[].args[].valueTwo": func(p *specs.LinuxSeccomp) { p.Syscalls[0].Args[0].ValueTwo = 2 },
		"syscalls[].args[].op":       func(p *specs.LinuxSeccomp) { p.Syscalls[0].Args[0].Op = specs.OpGreaterThan },
	} {
		out["linux.seccomp."+field] = change{profile(of), func(s *specs.Spec) { edit(s.Linux.Seccomp) }}
	}
	for i, kind := range []string{"uidMappings", "gidMappings"} {
		list := func(s *specs.Spec) *[]specs.LinuxIDMapping {
			return []*[]specs.LinuxIDMapping{&s.Linux.UIDMappings, &s.Linux.GIDMappings}[i]
		}
		out["linux."+kind] = change{withUserNamespace(70000, 70000), func(s *specs.Spec) { *list(s) = nil }}
		out["linux."+kind+"[].hostID"] = change{withUserNamespace(70000, 70000), func(s *specs.Spec) { (*list(s))[0].HostID = 0 }}
		out["linux."+kind+"[].size"] = change{
			func(s *specs.Spec) {
				withUserNamespace(70000, 70000)(s)
				*list(s) = append(*list(s), specs.LinuxIDMapping{HostID: 0})
			},
			func(s *specs.Spec) { (*list(s))[len(*list(s))-1].Size = 1 },
		}
	}
	return out
}

func resourceChanges() map[string]change {
	rule := func(edit func(*specs.LinuxDeviceCgroup)) change {
		return change{
			withDeviceRules(denyAll(), grant("c", 10, 229, "rw")),
			func(s *specs.Spec) { edit(&s.Linux.Resources.Devices[1]) },
		}
	}
	wild := func(edit func(*specs.LinuxDeviceCgroup)) change { // from one device to every one
		return change{
			func(s *specs.Spec) {
				r := specs.LinuxDeviceCgroup{Allow: true, Type: "b", Access: "rwm"}
				edit(&r)
				withDeviceRules(denyAll(), r)(s)
			},
			withDeviceRules(denyAll(), specs.LinuxDeviceCgroup{Allow: true, Type: "b", Access: "rwm"}),
		}
	}
	node := func(edit func(*specs.LinuxDevice)) change {
		return change{withNodes(char("/dev/null", 1, 3)), func(s *specs.Spec) { edit(&s.Linux.Devices[len(s.Linux.Devices)-1]) }}
	}
	limited := withResources(&specs.LinuxResources{
		Devices: []specs.LinuxDeviceCgroup{denyAll()},
		Memory:  &specs.LinuxMemory{Limit: new(int64(1 << 20))},
		CPU:     &specs.LinuxCPU{Quota: new(int64(10_000)), Period: new(uint64(100_000))},
		Pids:    &specs.LinuxPids{Limit: new(int64(5))},

		HugepageLimits: []specs.LinuxHugepageLimit{{Pagesize: "2MB", Limit: 1 << 21}},
	})
	limit := func(edit func(*specs.LinuxResources)) change {
		return change{limited, func(s *specs.Spec) { edit(s.Linux.Resources) }}
	}
	return map[string]change{
		"linux.resources":                             to(func(s *specs.Spec) { s.Linux.Resources = nil }),
		"linux.resources resources":                   {limited, func(s *specs.Spec) { s.Linux.Resources = nil }},
		"linux.resources.devices":                     to(allDevices),
		"linux.resources.devices[].allow":             rule(func(r *specs.LinuxDeviceCgroup) { r.Allow = false }),
		"linux.resources.devices[].type":              rule(func(r *specs.LinuxDeviceCgroup) { r.Type = "b" }),
		"linux.resources.devices[].major":             rule(func(r *specs.LinuxDeviceCgroup) { r.Major = new(int64(8)) }),
		"linux.resources.devices[].minor":             rule(func(r *specs.LinuxDeviceCgroup) { r.Minor = new(int64(7)) }),
		"linux.resources.devices[].access":            rule(func(r *specs.LinuxDeviceCgroup) { r.Access = "m" }),
		"linux.resources.devices[].allow privileged":  wild(func(r *specs.LinuxDeviceCgroup) { r.Allow = false }),
		"linux.resources.devices[].type privileged":   wild(func(r *specs.LinuxDeviceCgroup) { r.Type = "p" }),
		"linux.resources.devices[].major privileged":  wild(func(r *specs.LinuxDeviceCgroup) { r.Major = new(int64(8)) }),
		"linux.resources.devices[].minor privileged":  wild(func(r *specs.LinuxDeviceCgroup) { r.Minor = new(int64(8)) }),
		"linux.resources.devices[].access privileged": wild(func(r *specs.LinuxDeviceCgroup) { r.Access = "m" }),
		"linux.resources.memory":                      limit(func(r *specs.LinuxResources) { r.Memory = nil }),
		"linux.resources.memory.limit":                limit(func(r *specs.LinuxResources) { *r.Memory.Limit = 1 << 40 }),
		"linux.resources.memory.swap":                 limit(func(r *specs.LinuxResources) { r.Memory.Swap = new(int64(1 << 20)) }),
		"linux.resources.hugepageLimits": limit(func(r *specs.LinuxResources) {
			r.HugepageLimits = []specs.LinuxHugepageLimit{{Pagesize: "2MB", Limit: 1 << 30}}
		}),
		"linux.resources.hugepageLimits[].limit": limit(func(r *specs.LinuxResources) { r.HugepageLimits[0].Limit = 1 << 30 }),
		"linux.resources.cpu":                    limit(func(r *specs.LinuxResources) { r.CPU = nil }),
		"linux.resources.cpu.quota":              limit(func(r *specs.LinuxResources) { *r.CPU.Quota = 900_000 }),
		"linux.resources.cpu.period":             limit(func(r *specs.LinuxResources) { *r.CPU.Period = 1000 }),
		"linux.resources.pids":                   limit(func(r *specs.LinuxResources) { r.Pids = nil }),
		"linux.resources.pids.limit":             limit(func(r *specs.LinuxResources) { *r.Pids.Limit = 50 }),
		"linux.resources.unified":                limit(func(r *specs.LinuxResources) { r.Unified = map[string]string{"memory.max": "max", "cgroup.procs": "1"} }),
		"linux.devices":                          to(withNodes(char("/dev/fuse", 10, 229))),
		"linux.devices[].path":                   node(func(d *specs.LinuxDevice) { d.Path = "/dev/sda" }),
		"linux.devices[].type":                   node(func(d *specs.LinuxDevice) { d.Type = "b" }),
		"linux.devices[].major":                  node(func(d *specs.LinuxDevice) { d.Major = 8 }),
		"linux.devices[].minor":                  node(func(d *specs.LinuxDevice) { d.Minor = 8 }),
	}
}
