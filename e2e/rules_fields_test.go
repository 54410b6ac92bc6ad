package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	nri "github.com/containerd/nri/pkg/api"
	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
)

// scored is a container with an OOM score.
func scored(score int64) []cri.ContainerOption {
	return []cri.ContainerOption{cri.Resources(&api.LinuxContainerResources{CpuShares: 2, OomScoreAdj: score})}
}

func TestRuleOOMScoreAdj(t *testing.T) {
	// The nodes' runtimes give no score below their own, which may be 0.
	const asked, least = "grep -qx 300 /proc/self/oom_score_adj", "grep -qx 500 /proc/self/oom_score_adj"
	testRule(t, func(*testing.T, *node.Node) rule {
		return rule{
			name: "oomScoreAdj",
			breaking: []breach{{
				container: container{name: "too-low", config: "min: 500", options: scored(300)},
				found:     []string{"OOM score 300 too low (allowed: 500 to 1000)"},
				changes:   []string{"process.oomScoreAdj"},
				stops:     []string{asked},
				works:     []string{least, "grep -qx 500 /proc/1/oom_score_adj"},
			}},
			compliant: []container{{name: "guaranteed", options: scored(-997)}, {name: "besteffort"}},
		}
	})
}

func TestRuleAnnotations(t *testing.T) {
	add := &nri.ContainerAdjustment{}
	add.AddAnnotation("run.oci.hooks.stdout", "/run/specguard-e2e-not-made")
	testRule(t, func(_ *testing.T, n *node.Node) rule {
		r := rule{
			name: "annotations", early: true,
			breaking: []breach{{
				container: container{name: "plugin", other: add},
				found:     []string{"annotations run.oci.hooks.stdout not allowed (allowed: none)"},
				changes:   []string{"annotations.run.oci.hooks.stdout"},
			}},
			compliant: []container{
				{name: "none", pod: []cri.PodOption{cri.Annotation("example.com/a", "b")}},
				{name: "allowed", config: "allowed: [run.oci.hooks.stdout]", other: add},
				{name: "pod-allowed", config: `allowed: ["krun.*"]`, pod: []cri.PodOption{cri.Annotation("krun.cpus", "2")}},
			},
		}
		if n.Release() == build.CRIO { // it copies a pod's annotations, but for those that it knows to be orders
			r.breaking = append(r.breaking, breach{
				container: container{name: "pod", pod: []cri.PodOption{cri.Annotation("krun.cpus", "2")}},
				found:     []string{"annotations krun.cpus not allowed (allowed: none)"},
				changes:   []string{"annotations.krun.cpus"},
			})
		}
		return r
	})
}

// TestPodAnnotations refuses a pod that has annotations which count for all of it.
func TestPodAnnotations(t *testing.T) {
	eachNode(t, func(t *testing.T, n *node.Node) {
		g := startRig(t, n, rigOptions{policies: policyText("p", "{namespaces: [gvisor]}", "enforce", "rules: {annotations: {onViolation: adjust}}")})
		pod := g.runPod(t, "gvisor", cri.Annotation("dev.gvisor.flag.host-uds", "all"))
		found := []string{"pod's annotations dev.gvisor.flag.host-uds not allowed (allowed: none)"}
		g.refused(t, container{}.make(t, pod, ctrSame), refusal{sentence: sentence("p", "annotations", found), early: true})
	})
}

// TestRuleCgroupsPath refuses a container that has the runtime put it outside its
// pod's cgroup, as the kernel shows without a policy.
func TestRuleCgroupsPath(t *testing.T) {
	eachNode(t, func(t *testing.T, n *node.Node) {
		g := startRig(t, n, rigOptions{policies: policyText("p", "{namespaces: [cgroups], containers: ["+ctrReject+", "+ctrSame+"]}", "enforce", "rules: {cgroupsPath: {}}")})
		away := g.runPod(t, "cgroups", cri.CgroupParent("redescape"))
		free := g.run(t, container{}.make(t, away, ctrFree), "")
		if out, err := free.Exec(t.Context(), "cat", "/proc/1/cgroup"); err != nil || !strings.Contains(out, "/redescape/") {
			t.Errorf("it is not where it was put: %s %v", out, err)
		}
		c, err := away.Create(t.Context(), container{}.make(t, away, ctrReject).config)
		if err == nil {
			t.Fatalf("container %s is created", c.ID)
		}
		if said := err.Error(); !strings.Contains(said, `denied by policy "p": cgroupsPath: cgroup /`) || !strings.Contains(said, "is not inside the pod's cgroup") {
			t.Error(said)
		}
		same := g.run(t, container{}.make(t, g.runPod(t, "cgroups"), ctrSame), "allowed")

		cgroupFiles(t, g, same)
	})
}

// cgroupFiles has a container ask for files of its cgroup that are no limits: with
// cgroup v2 runc would take the process of the test into the cgroup, and kill all that
// is in it. CRI-O hands them on with cgroup v2 only. NRI before 0.10 shows them to
// nobody, and with cgroup v1 runc refuses them first.
func cgroupFiles(t *testing.T, g *rig, same running) {
	if g.Release() == build.CRIO || g.Release() == build.Containerd1 {
		return
	}
	const file = `cgroupsPath: cgroup file %s is set (allowed: limits of controllers, such as memory.high)`
	takes := container{options: []cri.ContainerOption{cri.Resources(&api.LinuxContainerResources{
		Unified: map[string]string{"cgroup.procs": strconv.Itoa(os.Getpid())},
	})}}
	want := refusal{sentence: `specguard: denied by policy "p": ` + fmt.Sprintf(file, "cgroup.procs"), early: true}
	g.refused(t, takes.make(t, g.runPod(t, "cgroups"), ctrReject), want)
	err := same.UpdateResources(t.Context(), &api.LinuxContainerResources{Unified: map[string]string{"cgroup.kill": "1"}})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf(file, "cgroup.kill")) {
		t.Errorf("updated: %v", err)
	}
}

// TestMisnamedNamespace refuses containers of pods in namespaces that Kubernetes
// cannot have, whatever the policies are for.
func TestMisnamedNamespace(t *testing.T) {
	eachNode(t, func(t *testing.T, n *node.Node) {
		g := startRig(t, n, rigOptions{policies: policyText("elsewhere", "{namespaces: [elsewhere]}", "enforce", "rules: {runAsNonRoot: {}}")})
		for i, namespace := range []string{"a/b", "", "Team_A"} {
			config := g.CRI.Pod(fmt.Sprintf("misnamed%d", i), cri.Namespace(namespace))
			config.LogDirectory = filepath.Join(t.TempDir(), "log")
			pod, err := g.CRI.RunPodHandler(t.Context(), config, "")
			if err != nil {
				t.Logf("%q: the runtime makes no such pod: %v", namespace, err)
				continue
			}
			want := fmt.Sprintf("specguard: denied by policy %q: namespace: %q is not a valid namespace name (allowed: a DNS label)", "elsewhere", namespace)
			g.refused(t, container{}.make(t, pod, ctrSame), refusal{sentence: want, early: true})
			if err := pod.Remove(t.Context()); err != nil {
				t.Error(err)
			}
		}
		g.run(t, container{}.make(t, g.runPod(t, "default"), ctrSame), "")
	})
}

// baseSpec is a spec that containerd starts from, without capabilities.
const baseSpec = `{"ociVersion":"1.2.0","process":{"user":{"uid":0,"gid":0},"cwd":"/"},"root":{"path":"rootfs"},
"mounts":[{"destination":"/proc","type":"proc","source":"proc","options":["nosuid","noexec","nodev"]},
{"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["nosuid","strictatime","mode=755","size=65536k"]},
{"destination":"/dev/pts","type":"devpts","source":"devpts","options":["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620","gid=5"]},
{"destination":"/dev/mqueue","type":"mqueue","source":"mqueue","options":["nosuid","noexec","nodev"]},
{"destination":"/sys","type":"sysfs","source":"sysfs","options":["nosuid","noexec","nodev","ro"]}],
"linux":{"resources":{"devices":[{"allow":false,"access":"rwm"}]},
"namespaces":[{"type":"pid"},{"type":"ipc"},{"type":"uts"},{"type":"mount"},{"type":"network"}]}}`

// TestBaseSpecWithoutCapabilities: containerd adds empty sets, so that nobody gets all.
func TestBaseSpecWithoutCapabilities(t *testing.T) {
	file := filepath.Join(t.TempDir(), "base.json")
	if err := os.WriteFile(file, []byte(baseSpec), 0o600); err != nil {
		t.Fatal(err)
	}
	n := lab.Private(t, build.Containerd2, func(o *node.Options) {
		o.Extra = "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]\nbase_runtime_spec = '" + file + "'\n"
	})
	g := startRig(t, n, rigOptions{policies: policyText("p", "{namespaces: [base], containers: ["+ctrSame+"]}", "enforce", "rules: {capabilities: {drop: [ALL]}}")})
	pod := g.runPod(t, "base")
	bare := container{options: []cri.ContainerOption{func(c *api.ContainerConfig) { c.Linux.SecurityContext.Capabilities = nil }}}
	for name, decision := range map[string]string{ctrFree: "", ctrSame: "allowed"} {
		c := g.run(t, bare.make(t, pod, name), decision)
		for _, truth := range []cri.Truth{c.main, c.exec} {
			if all := truth.Bounding | truth.Effective | truth.Permitted | truth.Inheritable | truth.Ambient; all != 0 {
				t.Errorf("%s has %s", name, all)
			}
		}
	}
}

// TestForeignNamespace refuses a container that another plugin puts into a namespace
// of the host.
func TestForeignNamespace(t *testing.T) {
	join := &nri.ContainerAdjustment{}
	join.AddOrReplaceNamespace(&nri.LinuxNamespace{Type: "ipc", Path: "/proc/1/ns/ipc"})
	r := rule{breaking: []breach{{container: container{name: "x", other: join}}}, name: "foreign"}
	n := shared.Node(t, build.Containerd2)
	r.startOther(t, n)
	g := startRig(t, n, rigOptions{policies: policyText("p", "{namespaces: [foreign-x], containers: ["+ctrReject+"]}", "enforce", "rules: {hostNamespaces: {allow: [network, ipc]}}")})
	pod := g.runPod(t, "foreign-x")
	c, err := pod.Create(t.Context(), container{}.make(t, pod, ctrReject).config)
	if err == nil {
		err = c.Start(t.Context())
	}
	if err == nil || !strings.Contains(err.Error(), "hostNamespaces: namespaces ipc are not the pod's") {
		t.Errorf("%v", err)
	}
}
