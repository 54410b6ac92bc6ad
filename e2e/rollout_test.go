package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
)

// rollout is a policy in that mode, and an exception for team-old that ends
// then.
func rollout(mode string, expires time.Time) map[string]string {
	return map[string]string{"rollout.yaml": fmt.Sprintf(`apiVersion: specguard.dev/v1beta1
kind: Policy
metadata: {name: tenants}
spec:
  match: {namespaces: ["team-*"]}
  mode: %s
  rules:
    runAsNonRoot: {onViolation: reject}
    capabilities: {onViolation: adjust, drop: [ALL]}
---
apiVersion: specguard.dev/v1beta1
kind: Exception
metadata: {name: old}
spec:
  policies: [tenants]
  rules: [runAsNonRoot]
  match: {namespaces: [team-old]}
  reason: runs as root until it is replaced
  owner: old@example.com
  expires: %s
`, mode, expires.UTC().Format(time.RFC3339))}
}

// TestRollout goes the way of docs/rollout.md with a running agent: a policy
// in mode audit, then enforced, with an exception that ends.
func TestRollout(t *testing.T) {
	t.Parallel()
	n := lab.Private(t, build.Containerd2, nil)
	a, err := agent.Start(t.Context(), n, agent.Options{Binary: agentBinary(t), Policies: rollout("audit", time.Now().Add(time.Hour))})
	if err != nil {
		t.Fatal(err)
	}
	metric := func(name string) float64 {
		m, err := a.Metrics(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return m[name]
	}
	root := func(namespace string) (*cri.Running, error) {
		pod, err := n.CRI.RunPod(t.Context(), n.CRI.Pod("p", cri.Namespace(namespace)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { pod.Remove(t.Context()) })
		return pod.Run(t.Context(), cri.Container("main", node.AppImage, cri.TellTruth("sleep 60"), cri.User(0)))
	}
	caps := func(when string, c *cri.Running, err error) cri.Caps {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		truth, err := c.Truth(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if truth.UID != 0 {
			t.Errorf("%s: uid %d", when, truth.UID)
		}
		return truth.Bounding
	}
	inForce := func(generation float64, policies map[string]string) {
		t.Helper()
		if err := a.SetPolicies(policies); err != nil {
			t.Fatal(err)
		}
		eventually(t, "policies in force", func() bool { return metric("specguard_policy_generation") == generation })
	}

	c, err := root("team-a")
	if caps("audited", c, err) == 0 {
		t.Error("audit mode has taken capabilities away")
	}
	eventually(t, "one would be denied", func() bool {
		return metric(`specguard_decisions_if_enforced_total{outcome="denied",stage="open"}`) == 1
	})
	if want := "audit: would be denied if enforced: specguard: denied by policy \\\"tenants\\\": runAsNonRoot"; !strings.Contains(a.Log(), want) {
		t.Errorf("%q is not said in\n%s", want, a.Log())
	}

	inForce(2, rollout("enforce", time.Now().Add(time.Hour)))
	if _, err := root("team-a"); err == nil || !strings.Contains(err.Error(), `denied by policy "tenants": runAsNonRoot`) {
		t.Errorf("enforced: %v", err)
	}
	c, err = root("team-old")
	if caps("excepted", c, err) != 0 {
		t.Error("the exception is from another rule, and capabilities are left")
	}
	eventually(t, "one is excepted", func() bool {
		return metric(`specguard_rule_results_total{outcome="excepted",policy="tenants",rule="runAsNonRoot"}`) == 1
	})

	inForce(3, rollout("enforce", time.Now().Add(time.Second)))
	eventually(t, "the exception ends", func() bool { return metric("specguard_exceptions_expired") == 1 })
	if _, err := root("team-old"); err == nil || !strings.Contains(err.Error(), `denied by policy "tenants": runAsNonRoot`) {
		t.Errorf("after the end of the exception: %v", err)
	}
	eventually(t, "the log tells", func() bool { return strings.Contains(a.Log(), "an exception has expired") })
}
