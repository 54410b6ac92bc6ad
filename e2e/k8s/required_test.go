package k8s_test

import (
	"os"
	"path/filepath"
	"testing"
)

// TestARequiredPluginIsNoPod: with NRI's required_plugins nothing runs while the
// agent is away, and the agent, as a pod, never comes back: docs/kubernetes.md
// says not to do that.
func TestARequiredPluginIsNoPod(t *testing.T) {
	g := guard(t)
	if g.isCRIO() {
		t.Skip("the NRI of CRI-O 1.34.0 requires no plugins")
	}
	if _, err := g.node.Run(t.Context(), "grep -q '^imports.*/etc/containerd/conf.d' /etc/containerd/config.toml"); err != nil {
		t.Skip("the node's containerd takes no drop-ins:", err)
	}
	data, err := os.ReadFile(filepath.Join(repository(t), "deploy/containerd/specguard-required.toml"))
	if err != nil {
		t.Fatal(err)
	}
	const dropIn = "/etc/containerd/conf.d/specguard-required.toml"
	if err := g.node.Write(t.Context(), dropIn, string(data)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		g.run(t, "rm "+dropIn)
		g.restartRuntime(t)
		g.ready(t)
	})
	g.restartRuntime(t)
	g.namespace(t, "team-required")
	g.create(t, newPod("team-required", "with-the-agent"))
	checkHardened(t, "with the agent", g.told(t, "team-required", "with-the-agent", "main"))

	g.kubectl(t, "--namespace="+system, "delete", "pod", "--selector=app.kubernetes.io/name=specguard")
	const refused = `required plugin "specguard" not present`
	g.create(t, newPod("team-required", "without"))
	g.described(t, "team-required", "pod/without", refused)
	g.described(t, system, "pod/"+g.agentPod(t), refused)
}
