package policy

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func TestCgroupsPath(t *testing.T) {
	const uid = "3f2a-11-b"
	at := func(path string) func(*Subject) {
		return func(s *Subject) { s.Pod.UID, s.Spec.Linux.CgroupsPath = uid, path }
	}
	elsewhere := func(path string) []string {
		return []string{"cgroup " + path + " is not inside the pod's cgroup (allowed: the kubelet's pod" + uid + ")"}
	}
	below := func(path, rest string) []string {
		return []string{"cgroup " + path + " is not inside the pod's cgroup (allowed: the kubelet's pod" + uid + ", " + rest + ")"}
	}
	testFindings(t, "cgroupsPath", []ruleCase{
		{"guaranteed", "{}", at("/kubepods/pod3f2a-11-b/9b7e"), nil},
		{"burstable", "{}", at("/kubepods/burstable/pod3f2a-11-b/crio-9b7e"), nil},
		{"besteffort, cgroup root of kind", "{}", at("/kubelet/kubepods/besteffort/pod3f2a-11-b/9b7e"), nil},
		{"systemd, guaranteed", "{}", at("kubepods-pod3f2a_11_b.slice:cri-containerd:9b7e"), nil},
		{"systemd, CRI-O", "{}", at("kubepods-besteffort-pod3f2a_11_b.slice:crio:9b7e"), nil},
		{"systemd, nested as the kubelet writes it", "{}", at("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod3f2a_11_b.slice:crio:9b7e"), nil},
		{"systemd, nested otherwise", "{}", at("/x.slice/kubepods-besteffort-pod3f2a_11_b.slice:crio:9b7e"), elsewhere("/x.slice/kubepods-besteffort-pod3f2a_11_b.slice:crio:9b7e")},
		{"static pod", "{}", func(s *Subject) {
			s.Pod.UID, s.Spec.Linux.CgroupsPath = "55a4bbe24dac4457a3686f52d32dad7a", "kubepods-burstable-pod55a4bbe24dac4457a3686f52d32dad7a.slice:cri-containerd:9b7e"
		}, nil},
		{"outside", "{}", at("/redescape/9b7e"), elsewhere("/redescape/9b7e")},
		{"none", "{}", at(""), elsewhere("(none)")},
		{"no linux part", "{}", func(s *Subject) { s.Pod.UID, s.Spec.Linux = uid, nil }, elsewhere("(none)")},
		{"the pod's own", "{}", at("/kubepods/pod3f2a-11-b"), elsewhere("/kubepods/pod3f2a-11-b")},
		{"below a container", "{}", at("/kubepods/pod3f2a-11-b/9b7e/x"), elsewhere("/kubepods/pod3f2a-11-b/9b7e/x")},
		{"another pod's", "{}", at("/kubepods/podaaaa/9b7e"), elsewhere("/kubepods/podaaaa/9b7e")},
		{"by way of the pod's", "{}", at("/kubepods/pod3f2a-11-b/../../x"), elsewhere("/kubepods/pod3f2a-11-b/../../x")},
		{"relative", "{}", at("pod3f2a-11-b/x"), elsewhere("pod3f2a-11-b/x")},
		{"another slice", "{}", at("system.slice:crio:9b7e"), elsewhere("system.slice:crio:9b7e")},
		{"a scope that leads away", "{}", at("kubepods-pod3f2a_11_b.slice:crio:../x"), elsewhere("kubepods-pod3f2a_11_b.slice:crio:../x")},
		{"without a scope", "{}", at("kubepods-pod3f2a_11_b.slice:crio:"), elsewhere("kubepods-pod3f2a_11_b.slice:crio:")},
		{"no uid", "{}", func(s *Subject) { s.Pod.UID = "" }, []string{"cgroup /kubepods/besteffort/pod3f2a/5d1c is not inside the pod's cgroup (allowed: the kubelet's pod)"}},
		{"uid not known", "{}", func(s *Subject) { s.Pod.UID, s.Pod.Unseen = "", true }, nil},
		{"allowed", "{allowed: [/k8s.io]}", at("/k8s.io/9b7e"), nil},
		{"allowed, systemd", "{allowed: [/a.slice/a-b.slice]}", at("a-b.slice:crio:9b7e"), nil},
		{"allowed, another", "{allowed: [/a.slice]}", at("a-b.slice:crio:9b7e"), below("a-b.slice:crio:9b7e", "/a.slice")},
		{"root", "{roots: [/]}", at("/kubepods/burstable/pod3f2a-11-b/9b7e"), nil},
		{"root, systemd", "{roots: [/]}", at("kubepods-burstable-pod3f2a_11_b.slice:crio:9b7e"), nil},
		{"root of kind, systemd", "{roots: [/, /kubelet]}", at("kubelet-kubepods-pod3f2a_11_b.slice:cri-containerd:9b7e"), nil},
		{"root with a dash, systemd", "{roots: [/a-b]}", at("a_b-kubepods-pod3f2a_11_b.slice:cri-containerd:9b7e"), nil},
		{"root as slices, systemd", "{roots: [/a.slice/a-b.slice]}", at("a-b-kubepods-pod3f2a_11_b.slice:cri-containerd:9b7e"), nil},
		{"root, driver systemd", "{cgroupDriver: systemd, roots: [/]}", at("kubepods-burstable-pod3f2a_11_b.slice:cri-containerd:9b7e"), nil},
		{"root, driver cgroupfs", "{cgroupDriver: cgroupfs, roots: [/]}", at("/kubepods/burstable/pod3f2a-11-b/crio-9b7e"), nil},
		{"the folder of a slice's name", "{}", at("/kubepods.slice/kubepods-pod3f2a_11_b.slice/9b7e"), elsewhere("/kubepods.slice/kubepods-pod3f2a_11_b.slice/9b7e")},
		{"the folder of a slice's name below the root", "{roots: [/]}", at("/kubepods.slice/kubepods-pod3f2a_11_b.slice/9b7e"),
			below("/kubepods.slice/kubepods-pod3f2a_11_b.slice/9b7e", "below /")},
		{"a slice that is not systemd's", "{cgroupDriver: cgroupfs}", at("kubepods-pod3f2a_11_b.slice:cri-containerd:9b7e"),
			[]string{"cgroup kubepods-pod3f2a_11_b.slice:cri-containerd:9b7e has the form of the cgroup driver systemd (allowed: cgroupfs)"}},
		{"an allowed slice that is not systemd's", "{cgroupDriver: cgroupfs, allowed: [/a.slice]}", at("a.slice:crio:9b7e"),
			[]string{"cgroup a.slice:crio:9b7e has the form of the cgroup driver systemd (allowed: cgroupfs)"}},
		{"a path where systemd makes cgroups", "{cgroupDriver: systemd}", at("/kubepods/pod3f2a-11-b/9b7e"),
			[]string{"cgroup /kubepods/pod3f2a-11-b/9b7e has the form of the cgroup driver cgroupfs (allowed: systemd)"}},
		{"another root", "{roots: [/]}", at("/redescape/kubepods/pod3f2a-11-b/9b7e"), below("/redescape/kubepods/pod3f2a-11-b/9b7e", "below /")},
		{"another root, systemd", "{roots: [/]}", at("x-kubepods-pod3f2a_11_b.slice:crio:9b7e"), below("x-kubepods-pod3f2a_11_b.slice:crio:9b7e", "below /")},
		{"a scope that is a slice", "{}", at("kubepods-pod3f2a_11_b.slice:crio:x.slice"), elsewhere("kubepods-pod3f2a_11_b.slice:crio:x.slice")},
	}, Partial, Complete)
	const field = "spec.rules.cgroupsPath."
	testLoad(t, "cgroupsPath", map[string]string{
		"{roots: [kubepods]}":  `0.yaml:6:27: ` + field + `roots[0]: "kubepods" is not a cgroup path (allowed: / or a path such as /system.slice)`,
		"{allowed: [/a/]}":     `0.yaml:6:29: ` + field + `allowed[0]: "/a/" is not a cgroup path (allowed: / or a path such as /system.slice)`,
		"{roots: [/kubepods]}": "0.yaml:6:26: " + field + "roots: /kubepods is the kubelet's kubepods; name the cgroup that contains it, such as /",
		"{roots: [/, /a.slice/a-kubepods.slice]}": "0.yaml:6:26: " + field +
			"roots: /a.slice/a-kubepods.slice is the kubelet's kubepods; name the cgroup that contains it, such as /",
		"{roots: [/kubepods.slice/x]}": "0.yaml:6:26: " + field + "roots: /kubepods.slice/x is the kubelet's kubepods; name the cgroup that contains it, such as /",
		"{cgroupDriver: crun}":         "0.yaml:6:33: " + field + `cgroupDriver: "crun" is not one of systemd, cgroupfs`,
		"{roots: []}":                  "0.yaml:6:26: " + field + "roots: is an empty list; leave it out for any root",
		"{onViolation: adjust}":        "0.yaml:6:32: " + field + "onViolation: this rule cannot adjust (allowed: reject, audit, ignore)",
	})
}

// TestCgroupsPathDrivers: a root means one cgroup for each driver, in the forms that
// containerd and CRI-O write, whatever the quality of service is. What is accepted
// below a root is accepted below no other.
func TestCgroupsPathDrivers(t *testing.T) {
	const uid = "3f2a-11-b"
	roots := map[string]struct{ path, slice string }{
		"/":                  {"/kubepods", "kubepods"},
		"/kubelet":           {"/kubelet/kubepods", "kubelet-kubepods"},
		"/a-b/c":             {"/a-b/c/kubepods", "a_b-c-kubepods"},
		"/a.slice/a-b.slice": {"/a.slice/a-b.slice/kubepods", "a-b-kubepods"},
	}
	for _, qos := range []string{"", "burstable", "besteffort"} {
		for of, kubepods := range roots {
			slice := kubepods.slice + "-" + qos + "-pod3f2a_11_b.slice"
			slice = strings.ReplaceAll(slice, "--", "-")
			nested, _ := slicePath(slice)
			dir := path.Join(kubepods.path, qos, "pod"+uid)
			for written, driver := range map[string]CgroupDriver{
				dir + "/9b7e": fileCgroups, dir + "/crio-9b7e": fileCgroups,
				slice + ":cri-containerd:9b7e": systemdCgroups, slice + ":crio:9b7e": systemdCgroups, nested + ":crio:9b7e": systemdCgroups,
			} {
				sub := subject(newSpec())
				sub.Pod.UID, sub.Spec.Linux.CgroupsPath = uid, written
				for root := range roots {
					for _, says := range []CgroupDriver{"", systemdCgroups, fileCgroups} {
						rule := &CgroupsPath{CgroupDriver: says, Roots: []CgroupDir{CgroupDir(root)}}
						want := root == of && (says == "" || says == driver)
						if got := len(rule.Check(&sub)) == 0; got != want {
							t.Errorf("%s below %s, driver %q: %v, want %v", written, root, says, got, want)
						}
					}
				}
			}
		}
	}
}

// TestCgroupFiles: what is written into a container's cgroup are limits, when it is
// made and when it is updated.
func TestCgroupFiles(t *testing.T) {
	const rest = " is set (allowed: limits of controllers, such as memory.high)"
	for _, tt := range []struct {
		files []string
		found string // "" for nothing
	}{
		{[]string{"memory.min", "memory.high", "memory.oom.group", "memory.swap.max", "cpu.weight", "cpu.max.burst", "io.max"}, ""},
		{[]string{"hugetlb.2MB.rsvd.max", "pids.max", "cpuset.cpus", "misc.max", "rdma.max"}, ""},
		{[]string{"cgroup.procs"}, "cgroup.procs"},
		{[]string{"memory.high", "cgroup.threads", "cgroup.kill"}, "cgroup.kill, cgroup.threads"},
		{[]string{"cgroup.freeze"}, "cgroup.freeze"},
		{[]string{"cgroup.subtree_control"}, "cgroup.subtree_control"},
		{[]string{"cpuset.cpus.partition"}, "cpuset.cpus.partition"},
		{[]string{"../memory.max"}, "../memory.max"},
		{[]string{"memory./../cgroup.procs"}, "memory./../cgroup.procs"},
		{[]string{"memory.max\n"}, "(with odd characters)"},
		{[]string{"memory", ""}, "(unnamed), memory"},
	} {
		unified := make(map[string]string)
		for _, name := range tt.files {
			unified[name] = "1"
		}
		var want []string
		if tt.found != "" {
			want = []string{"cgroupsPath: cgroup file " + tt.found + rest}
		}
		set := compileDocs(t, policyDoc("test", "cgroupsPath: {}"))
		update := set.EvaluateUpdate(subject(nil), &specs.LinuxResources{Unified: unified})
		spec := newSpec(func(s *specs.Spec) { s.Linux.Resources.Unified = unified })
		for name, d := range map[string]*Decision{"update": update, "early": set.Evaluate(subject(spec), Partial), "final": set.Evaluate(subject(spec), Complete)} {
			if got := findings(d); !slices.Equal(got, want) {
				t.Errorf("%s, %q:\n got %q\nwant %q", name, tt.files, got, want)
			}
		}
	}
}
