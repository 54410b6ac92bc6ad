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

// TestNoPolicies runs an agent that has no policies: it reports, unless its configuration
// says that the built-in policy is enforced.
func TestNoPolicies(t *testing.T) {
	t.Parallel()
	n := lab.Private(t, build.Containerd2, nil)
	for _, c := range []struct {
		name, config, says string
		denied             bool
	}{
		{name: "default", says: `audit: would be denied if enforced: specguard: denied by policy \"builtin-baseline`},
		{name: "enforced", config: "builtinPolicy: {profile: restricted, mode: enforce}\n", denied: true, says: "built-in profile restricted is in force in mode enforce"},
	} {
		a, err := agent.Start(t.Context(), n, agent.Options{Binary: agentBinary(t), Config: c.config})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		pod, err := n.CRI.RunPod(t.Context(), n.CRI.Pod(c.name, cri.Namespace("team-a")))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { pod.Remove(t.Context()) })
		run, err := pod.Run(t.Context(), cri.Container("main", node.AppImage, cri.TellTruth("sleep 60"), cri.Capabilities([]string{"SYS_TIME"}, nil)))
		switch {
		case c.denied && (err == nil || !strings.Contains(err.Error(), `denied by policy "builtin-restricted": `)):
			t.Errorf("%s: %v", c.name, err)
		case !c.denied && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case !c.denied:
			if truth, err := run.Truth(t.Context()); err != nil || truth.Effective&(1<<25) == 0 {
				t.Errorf("%s: %v, capabilities %v", c.name, err, truth)
			}
		}
		m, err := a.Metrics(t.Context())
		if err != nil || m["specguard_builtin_policy"] != 1 {
			t.Errorf("%s: metrics %v, %v", c.name, m["specguard_builtin_policy"], err)
		}
		if !strings.Contains(a.Log(), c.says) {
			t.Errorf("%s: %q is not said in\n%s", c.name, c.says, a.Log())
		}
		a.Kill(t.Context())
	}
}
