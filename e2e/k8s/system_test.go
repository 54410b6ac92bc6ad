package k8s_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// strictest is for every namespace that a wildcard stands for, the agent's too.
const strictest = `
apiVersion: specguard.dev/v1beta1
kind: Policy
metadata: {name: strictest}
spec:
  profile: hardened
`

// TestTheNodeWorksUnderTheStrictestPolicy: what keeps a node running runs, and
// the agent comes back, and does not stop itself.
func TestTheNodeWorksUnderTheStrictestPolicy(t *testing.T) {
	g := guard(t)
	g.namespace(t, "anybody")
	g.setPolicies(t, strictest)
	g.setExisting(t, "stop")
	privileged := func(spec *corev1.PodSpec) {
		hostPath("/")(spec)
		spec.HostNetwork = true
		spec.Containers[0].SecurityContext = &corev1.SecurityContext{Privileged: new(true)}
	}
	g.create(t, newPod("anybody", "proxy", privileged))
	g.described(t, "anybody", "pod/proxy", `specguard: denied by policy "strictest": `)

	g.create(t, newPod("kube-system", "proxy", privileged))
	t.Cleanup(func() { g.kubectl(t, "--namespace=kube-system", "delete", "pod", "proxy") })
	if truth := g.told(t, "kube-system", "proxy", "main"); truth.UID != 0 || truth.NoNewPrivs || !truth.RootWritable {
		t.Errorf("the pod in kube-system is not as it asked to be: %+v", truth)
	}
	g.kubectl(t, "--namespace="+system, "delete", "pod", "--selector=app.kubernetes.io/name=specguard")
	g.ready(t)
	g.create(t, newPod("anybody", "again", privileged))
	g.described(t, "anybody", "pod/again", `specguard: denied by policy "strictest": `)
	if restarts := g.ofAgent(t, "{.items[*].status.containerStatuses[*].restartCount}"); restarts != "0" {
		t.Errorf("the agent was restarted: %s", restarts)
	}
	log := g.kubectl(t, "--namespace="+system, "logs", g.agentPod(t))
	if !strings.Contains(log, "the agent's own pod violates policy: it is not stopped") {
		t.Errorf("the agent does not say that it violates policy:\n%s", log)
	}
}
