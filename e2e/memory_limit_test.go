package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

// TestMemoryLimit runs the agent as the DaemonSet's pod does, as root without
// capabilities on a read-only root filesystem: it knows its memory limit.
func TestMemoryLimit(t *testing.T) {
	eachRelease(t, func(t *testing.T, n *node.Node) {
		pod, err := n.CRI.RunPod(t.Context(), n.CRI.Pod("limited"))
		if err != nil {
			t.Fatal(err)
		}
		defer pod.Remove(t.Context())
		_, err = pod.Run(t.Context(), cri.Container("agent", node.AppImage,
			[]string{"/specguard", "run", "--nri-socket=/none", "--runtime-socket=", "--http="},
			cri.HostPath(agentBinary(t), "/specguard", true), cri.User(0), cri.Capabilities(nil, []string{"ALL"}), cri.ReadOnlyRootfs(),
			cri.NoNewPrivs(), cri.RuntimeDefaultSeccomp(), cri.Resources(&api.LinuxContainerResources{MemoryLimitInBytes: 256 << 20})))
		if err != nil {
			t.Fatal(err)
		}
		want := `msg="memory limit of Go: 85% of the cgroup's" limit=228170090`
		eventually(t, want, func() bool {
			log, _ := os.ReadFile(filepath.Join(pod.Config.LogDirectory, "agent.log"))
			return strings.Contains(string(log), want)
		})
	})
}
