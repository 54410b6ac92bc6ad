package e2e_test

import (
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
)

func TestWrapperTry(t *testing.T) {
	for _, release := range []build.Release{build.CRIO, build.Containerd2} {
		t.Run(release.String(), func(t *testing.T) {
			n := lab.Private(t, release, lab.Wrap(t, "timeout: 5s"))
			a, err := agent.Start(t.Context(), n, agent.Options{
				Binary: agentBinary(t), Policies: map[string]string{"hardening.yaml": strings.Replace(hardening, "hostPaths: {onViolation: reject}", "hostPaths: {onViolation: reject, allowed: [{path: /etc/hosts}]}", 1)}, Opener: "runtime",
				Args: []string{"--containerd-socket", "/no/such"},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { t.Log(a.Log()) }()
			pod, err := n.CRI.RunPod(t.Context(), n.CRI.Pod("w", cri.Namespace("team-a")))
			if err != nil {
				t.Fatal(err)
			}
			c, err := pod.Run(t.Context(), cri.Container("main", node.AppImage, cri.TellTruth("sleep 60")))
			if err != nil {
				t.Fatal(err)
			}
			truth, err := c.Truth(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			sameTruth(t, "main", truth, hardened)
			truth, err = c.ExecTruth(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			sameTruth(t, "exec", truth, hardened)
			truth, err = c.StreamTruth(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			sameTruth(t, "stream", truth, hardened)
			_, err = pod.Run(t.Context(), cri.Container("priv", node.AppImage, cri.TellTruth("sleep 60"), cri.HostPath("/etc", "/x", true)))
			t.Log(err)
		})
	}
}
