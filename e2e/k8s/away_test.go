package k8s_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/specguard/specguard/e2e/cri"
)

// TestNothingRunsUnjudgedOnAWrappedNode: neither while the agent is away nor
// while its pod is deleted again and again.
func TestNothingRunsUnjudgedOnAWrappedNode(t *testing.T) {
	g := guard(t)
	g.wrap(t)
	g.namespace(t, "team-load")
	g.away(t)

	const completions = 12
	g.create(t, job(completions))
	g.eventSays(t, "team-load", "specguard: ")
	g.create(t, newPod("kube-system", "bootstrap")) // a node must be able to start
	if truth := g.told(t, "kube-system", "bootstrap", "main"); truth.UID != 0 {
		t.Errorf("a pod of kube-system has uid %d", truth.UID)
	}
	g.kubectl(t, "--namespace=kube-system", "delete", "pod", "bootstrap")
	if ran := g.ran(t); len(ran) > 0 {
		t.Errorf("%d containers ran while the agent was away", len(ran))
	}

	g.back(t)
	for range 3 {
		g.kubectl(t, "--namespace="+system, "delete", "pod", "--selector=app.kubernetes.io/name=specguard")
		g.ready(t)
	}
	g.kubectl(t, "--namespace=team-load", "wait", "--for=condition=Complete", "job/load", "--timeout=110s")
	ran := g.ran(t)
	if len(ran) < completions {
		t.Errorf("%d containers ran, not %d", len(ran), completions)
	}
	for log, truth := range ran {
		checkHardened(t, log, truth)
	}
}

// TestWhatRunsAgainstPolicyIsStopped: the agent, told to, ends what ran against
// policy when it came; what the kubelet starts in its place is judged.
func TestWhatRunsAgainstPolicyIsStopped(t *testing.T) {
	g := guard(t)
	g.namespace(t, "team-unjudged")
	g.unjudged(t, func() {
		g.create(t, newPod("team-unjudged", "adjustable"))
		g.create(t, newPod("team-unjudged", "deniable", hostPath("/srv")))
		for _, pod := range []string{"adjustable", "deniable"} {
			unchanged(t, pod, g.told(t, "team-unjudged", pod, "main"))
		}
		g.setExisting(t, "stop")
	})
	g.described(t, "team-unjudged", "pod/deniable", `specguard: denied by policy "tenants": `)
	var truth cri.Truth
	eventually(t, func() error {
		if truth = g.told(t, "team-unjudged", "adjustable", "main"); truth.UID == 0 {
			return fmt.Errorf("it is not adjusted: %+v", truth)
		}
		return nil
	})
	checkHardened(t, "the restarted container", truth)
}

// unjudged does something while no policy judges what it creates, and has the
// agent start after it: while there is no agent or, where nothing runs then,
// while the policies are for others.
func (g guarded) unjudged(t *testing.T, do func()) {
	t.Helper()
	if !g.isCRIO() {
		g.away(t)
		do()
		g.back(t)
		return
	}
	g.inForce(t, func() { g.apply(t, policies(replaced(t, tenants, "team-*", "others"))) })
	do()
	g.inForce(t, func() { g.apply(t, policies(tenants)) })
	g.restartAgent(t)
}

// setExisting edits the agent's configuration, for its next start, and takes that
// back when the test ends.
func (g guarded) setExisting(t *testing.T, existing string) {
	t.Helper()
	set := func(config string) {
		patch, err := json.Marshal(map[string]any{"data": map[string]string{"config.yaml": config}})
		if err != nil {
			t.Fatal(err)
		}
		g.kubectl(t, "--namespace="+system, "patch", "configmap/specguard-config", "--type=merge", "--patch="+string(patch))
	}
	config := g.kubectl(t, "--namespace="+system, "get", "configmap/specguard-config", `--output=jsonpath={.data.config\.yaml}`)
	t.Cleanup(func() {
		set(config)
		g.restartAgent(t)
	})
	set(replaced(t, config, "existing: report", "existing: "+existing))
}

// restartAgent has the agent read its configuration.
func (g guarded) restartAgent(t *testing.T) {
	t.Helper()
	g.kubectl(t, "--namespace="+system, "rollout", "restart", daemonSet)
	g.ready(t)
}

// wrap installs the OCI runtime wrapper on the node until the test ends, where
// it is not there.
func (g guarded) wrap(t *testing.T) {
	t.Helper()
	if g.isCRIO() {
		return
	}
	t.Cleanup(func() {
		g.install(t)
		g.takeBackWrapper(t, "team-load")
	})
	g.kubectl(t, "apply", "--kustomize="+overlay(t, "wrapped"))
	g.ready(t)
	g.restartRuntime(t)
}

const daemonSetSelector = `{"spec": {"template": {"spec": {"nodeSelector": {"specguard.dev/none": %s}}}}}`

// away keeps the agent off the node until the test ends or it is back.
func (g guarded) away(t *testing.T) {
	t.Helper()
	t.Cleanup(func() { g.back(t) })
	g.kubectl(t, "--namespace="+system, "patch", daemonSet, "--patch", fmt.Sprintf(daemonSetSelector, `"none"`))
	g.agentGone(t)
}

// back lets the agent onto the node again, and waits until it is ready.
func (g guarded) back(t *testing.T) {
	t.Helper()
	g.kubectl(t, "--namespace="+system, "patch", daemonSet, "--patch", fmt.Sprintf(daemonSetSelector, "null"))
	g.ready(t)
}

// job is a load: pods that tell the truth and end.
func job(completions int32) batchv1.Job {
	pod := newPod("team-load", "load")
	pod.Spec.Containers = []corev1.Container{container("main", "sleep 1")}
	pod.Spec.RestartPolicy = corev1.RestartPolicyOnFailure
	return batchv1.Job{
		TypeMeta:   metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "team-load", Name: "load"},
		Spec: batchv1.JobSpec{
			Completions: new(completions), Parallelism: new(int32(3)), BackoffLimit: new(int32(1000)),
			Template: corev1.PodTemplateSpec{Spec: pod.Spec},
		},
	}
}

// ran is what the containers in team-load that ran told, by their logs on the
// node: those of refused ones are empty.
func (g guarded) ran(t *testing.T) map[string]cri.Truth {
	t.Helper()
	const begin = "file "
	out := g.run(t, `for log in /var/log/pods/team-load_*/*/*.log; do [ -s "$log" ] && echo "`+begin+`$log" && cat "$log"; done; true`)
	ran := map[string]cri.Truth{}
	for _, part := range strings.Split("\n"+out, "\n"+begin)[1:] {
		log, text, _ := strings.Cut(part, "\n")
		truth, err := cri.ParseTruth(cri.PlainLog(text))
		if err != nil {
			t.Fatalf("%s: %v", log, err)
		}
		ran[log] = truth
	}
	return ran
}
