package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
)

// TestInstalledWrapper goes an operator's way: install the wrapper, restart the
// runtime, run the agent without saying how seals are opened.
func TestInstalledWrapper(t *testing.T) {
	for _, release := range wrappedReleases {
		t.Run(release.String(), func(t *testing.T) {
			t.Parallel()
			i := newInstallation(t, release, "")
			binary, err := lab.Cache(t).Runtime(t.Context())
			i.must(err)
			i.expect(0, "restart the runtime", "install", "--binary", binary)
			settings := filepath.Join(i.Dir(), "etc", "runtime.yaml")
			text, err := os.ReadFile(settings)
			i.must(err)
			if !strings.Contains(string(text), "specguard-") || !strings.Contains(string(text), "- kube-system") {
				t.Errorf("%s holds\n%s", settings, text)
			}
			i.must(os.WriteFile(settings, append(text, "socket: "+agent.RuntimeSocket(i.Node)+"\n"...), 0o600))
			i.expect(0, "nothing to change", "install", "--binary", binary)
			i.restart()

			opener := "auto"
			if release == build.Containerd2 {
				opener = "runtime" // not the store that it has, and that is not to be seen
			}
			a, err := agent.Start(t.Context(), i.Node, agent.Options{
				Binary: agentBinary(t), Policies: map[string]string{"hardening.yaml": hardening},
				Config: "host: {kubeletDir: " + i.KubeletDir() + "}\nhookPath: " + filepath.Join(i.prefix, "specguard-runtime") + "\n",
				Args:   []string{"--containerd-socket", "/no/such/socket"}, Opener: opener,
			})
			i.must(err)
			g := &guarded{Node: i.Node, agent: a}
			pod := g.pod(t, "team")
			c, err := pod.Run(t.Context(), cri.Container("main", node.AppImage, cri.TellTruth("sleep 60")))
			if err != nil {
				t.Fatalf("%v\n%s", err, a.Log())
			}
			g.meets(t, c, hardened)
			g.refuses(t, pod, "denied", "specguard: denied by policy", cri.HostPath("/etc", "/host", true))
			i.must(a.Kill(t.Context()))
			g.refuses(t, pod, "alone", "specguard") // NRI may notice first
			i.expect(2, "is kept", "uninstall")
			i.restart()
			i.must(pod.Remove(t.Context()))
			i.expect(0, "remove", "uninstall", "--purge")
			free := g.pod(t, "free")
			if _, err := free.Run(t.Context(), cri.Container("main", node.AppImage, []string{"sleep", "60"})); err != nil {
				t.Errorf("after uninstall: %v", err)
			}
		})
	}
}
