package k8s_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestUninstallLeavesACleanNode deletes what was applied.
func TestUninstallLeavesACleanNode(t *testing.T) {
	g := guard(t)
	g.namespace(t, "team-free")
	g.create(t, newPod("team-free", "before"))
	checkHardened(t, "before", g.told(t, "team-free", "before", "main"))

	file := t.TempDir() + "/agent.yaml"
	if err := os.WriteFile(file, []byte(manifests), 0o600); err != nil {
		t.Fatal(err)
	}
	g.kubectl(t, "delete", "--filename="+file, "--timeout=60s")
	g.agentGone(t)
	g.create(t, newPod("team-free", "after", hostPath("/srv")))
	if truth := g.told(t, "team-free", "after", "main"); truth.UID != 0 || !truth.RootWritable {
		t.Errorf("a pod is still adjusted: %+v", truth)
	}
	const left = "/run/specguard/runtime.sock" // nobody listens; it goes with the next boot
	eventually(t, func() error {
		out, err := g.Run(t.Context(), "find", "/etc", "/opt", "/run", "/usr/local/bin", "/var/log", "/var/lib/cni", "/var/lib/kubelet",
			"-path", "*specguard*", "!", "-type", "d")
		if err != nil {
			return err
		}
		if out = strings.TrimSpace(out); out != left {
			return fmt.Errorf("left on the node: %s", out)
		}
		return nil
	})
}
