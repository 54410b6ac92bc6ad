package k8s_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestUninstallLeavesACleanNode takes back what was installed, as
// docs/kubernetes.md says.
func TestUninstallLeavesACleanNode(t *testing.T) {
	g := guard(t)
	g.namespace(t, "team-free")
	g.create(t, newPod("team-free", "before"))
	checkHardened(t, "before", g.told(t, "team-free", "before", "main"))

	g.uninstall(t)
	g.create(t, newPod("team-free", "after", hostPath("/srv")))
	if truth := g.told(t, "team-free", "after", "main"); truth.UID != 0 || !truth.RootWritable {
		t.Errorf("a pod is still adjusted: %+v", truth)
	}
	// The kubelet made the folder; the socket in it is dead.
	const left = "/run/specguard\n/run/specguard/runtime.sock"
	eventually(t, func() error {
		out, err := g.node.Run(t.Context(), "find /etc /opt /run /usr/local/bin /var/lib/cni /var/lib/kubelet -path '*specguard*'")
		if err != nil {
			return err
		}
		if out = strings.TrimSpace(out); out != left {
			return fmt.Errorf("left on the node: %s", out)
		}
		return nil
	})
}

// uninstall takes back what install did.
func (g guarded) uninstall(t *testing.T) {
	t.Helper()
	applied := overlay(t, g.node.Runtime)
	if g.isCRIO() {
		applied = overlay(t, "unwrapped")
		g.kubectl(t, "apply", "--kustomize="+applied) // nothing installs the wrapper again
		g.ready(t)
		g.takeBackWrapper(t)
	}
	g.kubectl(t, "delete", "--kustomize="+applied, "--ignore-not-found", "--timeout=60s")
	g.agentGone(t)
}

// fresh makes the cluster one that never had specguard.
func (g guarded) fresh(t *testing.T) {
	t.Helper()
	if out := g.kubectl(t, "get", "namespace", system, "--ignore-not-found", "--output=name"); out != "" {
		g.uninstall(t)
	}
}
