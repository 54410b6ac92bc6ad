package policy

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"pgregory.net/rapid"
)

// pick draws one of the values.
func pick[T any](t *rapid.T, label string, values ...T) T {
	return rapid.SampledFrom(values).Draw(t, label)
}

// some draws a part of the values, in their order.
func some[T any](t *rapid.T, label string, values ...T) []T {
	var out []T
	for i, v := range values {
		if rapid.Bool().Draw(t, fmt.Sprintf("%s[%d]", label, i)) {
			out = append(out, v)
		}
	}
	return out
}

func flow(values ...string) string { return "[" + strings.Join(values, ", ") + "]" }

// ruleFields draw what a rule says besides onViolation, each as "key: value".
// Every kind of rule has an entry; the properties must hold for all of them.
func ruleFields() map[string]func(t *rapid.T, action Action) []string {
	none := func(*rapid.T, Action) []string { return nil }
	return map[string]func(t *rapid.T, action Action) []string{
		"privileged":               none,
		"allowPrivilegeEscalation": none,
		"seccompProfile":           drawSeccomp,
		"userNamespace":            none,
		"sysctls":                  drawSysctls,
		"hostPorts":                drawHostPorts,
		"rootfsPropagation":        none,
		"annotations":              drawAnnotations,
		"oomScoreAdj":              drawOOMScoreAdj,
		"scheduler":                drawScheduler,
		"netDevices":               drawNetDevices,
		"intelRdt":                 drawIntelRdt,
		"cgroupsPath":              drawCgroupsPath,
		"devices":                  drawDevices,
		"rlimits":                  drawRlimits,
		"tokens":                   drawTokens,
		"volumeTypes":              drawVolumeTypes,
		"mountOptions":             drawMountOptions,
		"env":                      drawEnv,
		"hooks":                    drawHooks,
		"images":                   drawImages,
		"runtimeHandlers":          drawRuntimeHandlers,
		"custom":                   drawCustom,
		"capabilities": func(t *rapid.T, _ Action) []string {
			names := []string{"SYS_ADMIN", "NET_RAW", "NET_ADMIN", "CHOWN", "SYS_MODULE", "KILL"}
			drop := append(some(t, "drop", names...), pick(t, "all", "ALL", "SYS_TIME"))
			fields := []string{"drop: " + flow(drop...)}
			if allow := some(t, "allow", names...); len(allow) > 0 {
				fields = append(fields, "allow: "+flow(allow...))
			}
			if refuse := some(t, "refuse", "ADDED", "NET_ADMIN", "KILL", "NET_RAW"); len(refuse) > 0 && rapid.Bool().Draw(t, "refuses") {
				fields = append(fields, "refuse: "+flow(refuse...))
			}
			return fields
		},
		"runAsNonRoot": drawRunAs,
		"hostNamespaces": func(t *rapid.T, _ Action) []string {
			return []string{"allow: " + flow(some(t, "allow", "network", "pid", "ipc", "uts")...)}
		},
		"hostPaths": func(t *rapid.T, action Action) []string {
			var allowed []string
			for _, p := range some(t, "path", "/var/log", "/srv", "/srv/data", "/", "/etc") {
				allowed = append(allowed, fmt.Sprintf("{path: %s, readOnly: %v, propagation: %s}", p,
					rapid.Bool().Draw(t, "readOnly"), pick(t, "propagation", "None", "HostToContainer", "Bidirectional")))
			}
			var forbidden []string
			if len(allowed) == 0 || rapid.IntRange(0, 2).Draw(t, "forbids") == 0 {
				forbidden = some(t, "forbidden", "RuntimeSockets", "/srv/data/x", "/var/log/pods", "/etc/passwd", "/opt")
			}
			fields := drawRemoval(t, action)
			if len(forbidden) > 0 {
				fields = append(fields, "forbidden: "+flow(forbidden...))
			}
			if len(allowed) > 0 || rapid.Bool().Draw(t, "allows none") {
				fields = append(fields, "allowed: "+flow(allowed...))
			}
			return fields
		},
		"readOnlyRootFilesystem": func(t *rapid.T, _ Action) []string {
			return some(t, "field",
				"writablePaths: "+flow(some(t, "path", "/tmp", "/run", "/var", "/var/cache", "/data/x")...),
				"writableSize: "+pick(t, "size", "1Mi", "1500"))
		},
		"procMount": func(t *rapid.T, _ Action) []string {
			return some(t, "field", "maskedPaths: [/proc/cmdline, /sys]", "readonlyPaths: [/proc/cmdline, /sys/kernel]", "allowUserNamespace: true")
		},
		"appArmorProfile": func(t *rapid.T, action Action) []string {
			fields := some(t, "field", `allowed: [RuntimeDefault, "Localhost/**"]`, "required: true")
			if action == Adjust || rapid.Bool().Draw(t, "applies") {
				fields = append(fields, "apply: "+pick(t, "apply", "RuntimeDefault", "Localhost/web"))
			}
			return fields
		},
		"seLinuxOptions": func(t *rapid.T, action Action) []string {
			fields := some(t, "field",
				`allowedTypes: ["", "container_*"]`, "allowedUsers: [system_u]", "allowedRoles: [system_r]", `allowedLevels: ["s0:*", s0]`)
			if level := pick(t, "level", "", "level: s0", "level: 's0:c1,c2'"); level != "" {
				fields = append(fields, level)
			}
			return append(fields, "type: container_t")
		},
		"resources": func(t *rapid.T, action Action) []string {
			limit := func(name, def, max string) string {
				if action != Adjust {
					return fmt.Sprintf("%s: {max: %s}", name, max)
				}
				return name + ": {" + pick(t, name, "default: "+def, "max: "+max, "default: "+def+", max: "+max, "required: true") + "}"
			}
			return append(some(t, "field", limit("cpu", "200m", pick(t, "cpu max", "1", "300m")), limit("pids", "50", "100"),
				"swap: {max: "+pick(t, "swap max", "0", "64Mi")+"}", "hugepages: {max: "+pick(t, "huge pages max", "0", "4Mi")+"}"),
				limit("memory", "32Mi", pick(t, "memory max", "64Mi", "1Gi")))
		},
	}
}

// drawRemoval draws which mounts a rule may remove; mostly all.
func drawRemoval(t *rapid.T, action Action) []string {
	if action != Adjust {
		return nil
	}
	return pick(t, "remove", []string{"remove: writable"}, []string{"remove: writable"}, []string{"remove: readOnly"}, []string{"remove: none"}, nil)
}

// drawRule draws a rule of that kind as YAML.
func drawRule(t *rapid.T, k kind, actions ...Action) string {
	action := pick(t, k.name, actions...)
	if action == Adjust && !k.canAdjust() {
		action = Reject
	}
	fields := ruleFields()[k.name]
	if fields == nil {
		t.Fatalf("no generator for rule %s: add one to ruleFields", k.name)
	}
	said := append([]string{"onViolation: " + string(action)}, fields(t, action)...)
	if action != Adjust && rapid.IntRange(0, 3).Draw(t, "on request") == 0 {
		said = append(said, "on: request")
	}
	return k.name + ": {" + strings.Join(said, ", ") + "}"
}

// drawPolicy draws a policy document. A gentle one denies only what it cannot
// adjust.
func drawPolicy(t *rapid.T, i int, gentle bool) string {
	actions, profile := []Action{Reject, Adjust, Adjust, Audit, Ignore}, "profile: "+pick(t, "profile", Profiles()...)
	if gentle {
		actions, profile = []Action{Adjust, Adjust, Audit, Ignore}, ""
	}
	kinds := kinds()
	first := rapid.IntRange(0, len(kinds)-1).Draw(t, "first")
	rules := []string{drawRule(t, kinds[first], actions[:2]...)}
	for j, k := range kinds {
		if j != first && rapid.Bool().Draw(t, "has "+k.name) && (k.canAdjust() || !gentle) {
			rules = append(rules, drawRule(t, k, actions...))
		}
	}
	match := pick(t, "match", "{}", `{namespaces: ["team-*"]}`, `{images: ["registry.example.com/**"], containers: ["*"]}`,
		`{matchConditions: [{name: a, expression: 'container.image.startsWith("registry.")'}, {name: b, expression: '!("x" in pod.labels)'}]}`,
		`{excludeImages: [registry.example.com/team/web], excludeContainers: [init]}`, `{excludePodSelector: {matchLabels: {tier: web}}}`,
		`{matchConditions: [{name: not-known, expression: 'pod.labels.x == "y"'}]}`)
	head := some(t, "head", "match: "+match, "mode: "+pick(t, "mode", "enforce", "enforce", "audit"),
		fmt.Sprintf("priority: %d", rapid.IntRange(-1, 1).Draw(t, "priority")), profile)
	head = append(head, drawPolicyAction(t, actions[0], rules)...)
	doc := policyDoc(fmt.Sprintf("p%d", i), rules...)
	return strings.Replace(doc, "spec:\n", "spec:\n  "+strings.Join(append(head, ""), "\n  ")+"\n", 1)
}

// drawPolicyAction draws what a whole policy does about violations, and takes that out of some of
// its rules.
func drawPolicyAction(t *rapid.T, action Action, rules []string) []string {
	wide := "onViolation: " + string(pick(t, "onViolation", "", Adjust, action))
	if wide == "onViolation: " {
		return nil
	}
	for i := range rules {
		if rapid.Bool().Draw(t, "does as the policy") {
			rules[i] = strings.Replace(strings.Replace(rules[i], wide+", ", "", 1), wide, "", 1)
		}
	}
	return []string{wide}
}

// drawFiles puts the documents in any order into files in any order.
func drawFiles(t *rapid.T, docs []string) []Source {
	docs = rapid.Permutation(docs).Draw(t, "documents")
	var files []Source
	for i, d := range docs {
		if i > 0 && rapid.Bool().Draw(t, "same file") {
			last := &files[len(files)-1]
			last.Data = append(append(last.Data, "---\n"...), d...)
			continue
		}
		files = append(files, Source{Name: fmt.Sprintf("%d.yaml", i), Data: []byte(d)})
	}
	slices.SortFunc(files, func(a, b Source) int { return bytes.Compare(a.Data, b.Data) })
	if rapid.Bool().Draw(t, "reversed") {
		slices.Reverse(files)
	}
	return files
}

// drawSubject draws a container and a node.
func drawSubject(t *rapid.T) Subject {
	var spec *specs.Spec
	switch pick(t, "base", "plain", "plain", "privileged", "restricted", "empty") {
	case "plain":
		spec = newSpec()
	case "privileged":
		spec = newSpec(privileged)
	case "restricted":
		spec = newSpec(restricted)
	default:
		spec = &specs.Spec{}
	}
	edits := edits(t)
	for _, name := range some(t, "edit", slices.Sorted(maps.Keys(edits))...) {
		if spec.Process != nil && spec.Linux != nil && spec.Root != nil && spec.Linux.Resources != nil {
			edits[name](spec)
		}
	}
	sub := subject(spec)
	sub.Container.Image, sub.Container.OtherImages = drawImageNames(t)
	sub.Container.Seccomp = pick[SeccompPattern](t, "seccomp asked for", "", "RuntimeDefault", "Unconfined", "Localhost/web.json")
	sub.Pod.Sandbox = drawSandbox(t)
	sub.Pod.RuntimeHandler = pick(t, "runtime handler", "", "gvisor", "runc")
	sub.Pod.LinuxNamespaces = pick(t, "pod namespaces", nil, sub.Pod.LinuxNamespaces, []string{"ipc", "mount"})
	sub.Pod.LinuxNamespacePaths = pick(t, "namespace paths", nil, map[string][]string{"ipc": {"/proc/812/ns/ipc"}, "uts": {"/proc/1/ns/uts"}})
	sub.Pod.Annotations = drawObeyed(t, "pod's")
	if rapid.IntRange(0, 19).Draw(t, "namespace") == 7 {
		sub.Pod.Namespace = "a/b"
	}
	sub.Pod.Unseen = rapid.Bool().Draw(t, "unseen")
	sub.Pod.LabelsUnseen = rapid.IntRange(0, 7).Draw(t, "labels unseen") == 0
	state := pick(t, "security modules", Unknown, Disabled, Enabled)
	profiles := pick(t, "profiles", nil, map[string]bool{}, map[string]bool{"cri-containerd.apparmor.d": true}, map[string]bool{"web": true, "cri-containerd.apparmor.d": false})
	types := pick(t, "SELinux types", nil, []string{}, []string{"container_t", "spc_t", "container_file_t"}, []string{"container_t"})
	sub.Host = pick[Host](t, "host", NoHost{},
		fakeHost{
			links: map[string]string{"/srv/link": "/etc"}, apparmor: AppArmor{State: state}, selinux: state, delegated: true, seccomp: seccompFiles(),
			drivers: map[string]string{"c 10:229": "fuse", "c 8:*": "uvm"}, disks: map[string]string{"b 8:0": "3f2a", "b 8:3": "4444"},
		},
		fakeHost{apparmor: AppArmor{State: state, Profiles: profiles}, selinux: state, seTypes: types})
	return sub
}

// edits change a spec that has all parts. Each is applied or not.
func edits(t *rapid.T) map[string]option {
	id := func(label string) uint32 { return pick[uint32](t, label, 0, 1, 5, 999, 1000, 65532, 80000) }
	limit := func(label string) *int64 {
		return pick(t, label, nil, new(int64(-1)), new(int64(0)), new(int64(10)), new(int64(100_000)), new(int64(1)<<33))
	}
	mounts := func(s *specs.Spec) {
		for i := range rapid.IntRange(1, 4).Draw(t, "mounts") {
			m := specs.Mount{
				Destination: pick(t, "destination", "/data", "/run", "/var/cache/app", "/proc", "/dev", "/sys", fmt.Sprintf("/mnt/%d", i)) + pick(t, "slash", "", "/"),
				Type:        pick(t, "mount type", "bind", "bind", "tmpfs", "sysfs", "proc", "cgroup2", "ext4"),
				Source:      pick(t, "source", "/srv", "/srv/data/x", "/srv/link/passwd", "/etc", "/var/log/pods", "/run/containerd/containerd.sock", "tmpfs", "/var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~empty-dir/a"),
				Options:     some(t, "options", "rbind", "rw", "ro", "rro", "rrw", "rshared", "rslave"),
				UIDMappings: pick(t, "mapped users", nil, nil, nil, nil, ids(1000, 65536), ids(65532, 1)),
			}
			m.GIDMappings = m.UIDMappings
			if rapid.IntRange(0, 7).Draw(t, "remounts") == 0 {
				m.Options = append(m.Options, "remount")
			}
			if instead := rapid.Bool().Draw(t, "instead of the runtime's"); instead {
				s.Mounts = slices.DeleteFunc(s.Mounts, func(o specs.Mount) bool { return o.Destination == m.Destination })
			}
			if !slices.ContainsFunc(s.Mounts, func(o specs.Mount) bool { return o.Destination == m.Destination }) {
				s.Mounts = slices.Insert(s.Mounts, rapid.IntRange(0, len(s.Mounts)).Draw(t, "at"), m)
			}
		}
	}
	return map[string]option{
		"capabilities": func(s *specs.Spec) {
			s.Process.Capabilities = &specs.LinuxCapabilities{}
			for _, set := range capabilitySets(s) {
				*set = some(t, "capability", "CAP_SYS_ADMIN", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_NET_RAW", "CAP_CHOWN", "cap_kill", "CAP_UNHEARD_OF", "21", "CAP_BPF")
			}
		},
		"no capabilities": func(s *specs.Spec) {
			s.Process.Capabilities = pick(t, "capabilities kept", s.Process.Capabilities, nil)
		},
		"annotations": func(s *specs.Spec) {
			s.Annotations = drawObeyed(t, "own")
			if s.Annotations != nil {
				s.Annotations["example.com/a"] = "b"
			}
		},
		"priorities": drawPrioritiesEdit(t),
		"propagation": func(s *specs.Spec) {
			s.Linux.RootfsPropagation = pick(t, "rootfs", "", "rslave", "shared", "rshared", "shared", "sharp")
		},
		"cgroup": func(s *specs.Spec) {
			s.Linux.CgroupsPath = pick(t, "cgroup path", "", "/redescape/9b7e", "/kubepods/pod3f2a/9b7e", "kubepods-pod3f2a.slice:crio:9b7e", "/k8s.io/9b7e")
		},
		"joined": func(s *specs.Spec) {
			typ := pick(t, "joined", specs.UserNamespace, specs.UTSNamespace, specs.IPCNamespace, specs.MountNamespace, specs.TimeNamespace)
			s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: typ, Path: pick(t, "joined path", "/proc/1/ns/uts", "/proc/7/ns/x")})
		},
		"user":           withUser(id("uid"), id("gid"), some(t, "additional", id("a"), id("b"), id("c"))...),
		"user namespace": func(s *specs.Spec) { withUserNamespace(id("host uid"), id("host gid"))(s) },
		"namespaces":     withoutNamespace(pick(t, "namespace", specs.NetworkNamespace, specs.PIDNamespace, specs.IPCNamespace, specs.UTSNamespace, specs.MountNamespace)),
		"devices":        drawDevicesEdit(t),
		"rlimits":        drawRlimitsEdit(t),
		"mounts":         mounts,
		"cgroup mount":   writable("/sys/fs/cgroup"),
		"env":            drawEnvEdit(t),
		"sysctls":        drawSysctlsEdit(t),
		"volumes":        drawVolumesEdit(t),
		"hooks":          drawHooksEdit(t),
		"paths": withPaths(some(t, "masked", "/proc/kcore", "/proc/keys", "/sys", "/proc/acpi/"),
			some(t, "readonly", "/proc/sys", "/proc/asound", "/proc/bus")),
		"seccomp": drawSeccompEdit(t),
		"flags": func(s *specs.Spec) {
			s.Process.NoNewPrivileges, s.Root.Readonly = rapid.Bool().Draw(t, "no new privileges"), rapid.Bool().Draw(t, "read-only root")
		},
		"labels": func(s *specs.Spec) {
			s.Process.ApparmorProfile = pick(t, "AppArmor", "", "unconfined", "cri-containerd.apparmor.d", "web", ":ns:unconfined", "web//&unconfined")
			s.Process.SelinuxLabel = pick(t, "label", "", "system_u:system_r:container_t:s0:c1,c2", "system_u:system_r:spc_t:s0", "a:b", "unconfined_u:unconfined_r:container_t")
			s.Linux.MountLabel = pick(t, "mount label", "", "system_u:object_r:container_file_t:s0:c1,c2", "system_u:object_r:container_file_t:s0", "x")
		},
		"resources": func(s *specs.Spec) {
			r := s.Linux.Resources
			r.Memory = &specs.LinuxMemory{Limit: limit("memory"), Swap: limit("swap")}
			r.Memory.Reservation = limit("reservation")
			r.HugepageLimits = pick(t, "huge pages", nil, []specs.LinuxHugepageLimit{{Pagesize: "2MB", Limit: 1 << 21}, {Pagesize: "1GB", Limit: pick[uint64](t, "of 1GB", 0, 1<<30, math.MaxUint64)}})
			r.CPU = pick(t, "cpu", nil, &specs.LinuxCPU{Shares: pick(t, "shares", nil, new(uint64(2)), new(uint64(512)))}, &specs.LinuxCPU{Quota: limit("quota"), Period: pick(t, "period", nil, new(uint64(0)), new(uint64(100_000)), new(uint64(50_000)))})
			r.Pids = pick(t, "pids", nil, &specs.LinuxPids{Limit: limit("pids limit")})
			r.Unified = pick(t, "unified", nil, map[string]string{"memory.max": pick(t, "memory.max", "max", "1048576", "x"), "cpu.max": pick(t, "cpu.max", "max 100000", "50000 100000"), "memory.high": "9"},
				map[string]string{"cgroup.procs": "1"}, map[string]string{"memory.swap.max": pick(t, "memory.swap.max", "max", "0", "1048576", "x"), "memory.min": "50331648", "hugetlb.2MB.max": pick(t, "hugetlb.2MB.max", "max", "0", "x")})
		},
		"no resources":    func(s *specs.Spec) { s.Linux.Resources = pick(t, "resources kept", nil, s.Linux.Resources) },
		"without process": func(s *specs.Spec) { s.Process = pick(t, "process kept", s.Process, s.Process, nil) },
		"without root":    func(s *specs.Spec) { s.Root = pick(t, "root kept", s.Root, s.Root, nil) },
		"without linux":   func(s *specs.Spec) { s.Linux = pick(t, "linux kept", s.Linux, s.Linux, nil) },
	}
}
