package k8s_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// TestHelm installs, upgrades and uninstalls the chart with the documents'
// commands.
func TestHelm(t *testing.T) {
	g := bare(t)
	g.fresh(t)
	g.namespace(t, "team-helm")
	t.Cleanup(func() { g.kubectl(t, "delete", "namespace", system, "--ignore-not-found") })
	privileged := func(name string) *corev1.Pod {
		return newPod("team-helm", name, func(spec *corev1.PodSpec) {
			spec.Containers[0].SecurityContext = &corev1.SecurityContext{Privileged: new(true)}
		})
	}
	const upgrade = "helm upgrade specguard deploy/helm/specguard --namespace specguard-system "
	install, values := documented(t, "kubernetes.md", "helm install specguard"), ""
	if g.isCRIO() {
		values = " --set containerd.mount=false,wrapper.install=true"
		install = replaced(t, install, "\n", values+"\n")
	}
	g.shell(t, install)
	g.ready(t)
	if g.isCRIO() {
		g.restartRuntime(t)
	}
	g.create(t, privileged("audited"))
	unchanged(t, "audited", g.told(t, "team-helm", "audited", "main"))

	agent := g.agentContainer(t)
	g.inForce(t, func() { g.shell(t, upgrade+"--values deploy/helm/specguard/values-enforce.yaml"+values) })
	g.create(t, privileged("denied"))
	g.described(t, "team-helm", "pod/denied", `specguard: denied by policy "baseline": privileged: `)
	if now := g.agentContainer(t); now != agent {
		t.Errorf("other policies have restarted the agent: its container was %s, is %s", agent, now)
	}

	if g.isCRIO() {
		g.shell(t, upgrade+"--set containerd.mount=false")
		g.ready(t)
		g.takeBackWrapper(t)
	}
	g.shell(t, "helm uninstall specguard --namespace specguard-system --wait")
	g.agentGone(t)
	g.create(t, privileged("after"))
	unchanged(t, "after", g.told(t, "team-helm", "after", "main"))
}
