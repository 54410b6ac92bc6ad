package e2e_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
	"github.com/specguard/specguard/e2e/patience"
)

// deny refuses root in team-a.
const deny = `
apiVersion: specguard.dev/v1beta1
kind: Policy
metadata: {name: deny}
spec:
  match: {namespaces: [team-a]}
  rules:
    runAsNonRoot: {onViolation: reject}
`

// broken has two faults; brokenFaults tells where.
const broken = `apiVersion: specguard.dev/v1beta1
kind: Policy
metadata: {name: deny}
spec:
  match: {namespaces: [team-a]}
  rules:
    runAsNonRot: {onViolation: reject}
    capabilities: {drop: [ALL, NET_ADMN]}
`

var brokenFaults = []string{
	`deny.yaml:7:5: spec.rules: unknown rule "runAsNonRot"`,
	`deny.yaml:8:32: spec.rules.capabilities.drop[1]: unknown capability "NET_ADMN"`,
}

func TestInvalidPolicyAtStart(t *testing.T) {
	n := shared.Node(t, build.Containerd2)
	a, err := agent.Launch(n, agent.Options{Binary: agentBinary(t), Policies: map[string]string{"deny.yaml": broken}})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-a.Process().Done():
	case <-time.After(10 * time.Second):
		t.Fatal("the agent runs with an invalid policy")
	}
	if failed := new(exec.ExitError); !errors.As(a.Process().Err(), &failed) {
		t.Errorf("it ended with %v, want a non-zero status", a.Process().Err())
	}
	for _, fault := range brokenFaults {
		if !strings.Contains(a.Log(), fault) {
			t.Errorf("%q is not said in %s", fault, a.Log())
		}
	}
}

func TestPoliciesChangeWhileRunning(t *testing.T) {
	n := lab.Private(t, build.Containerd2, nil)
	a, err := agent.Start(t.Context(), n, agent.Options{Binary: agentBinary(t), Policies: map[string]string{"deny.yaml": deny}})
	if err != nil {
		t.Fatal(err)
	}
	root := func() error {
		pod, err := n.CRI.RunPod(t.Context(), n.CRI.Pod("p", cri.Namespace("team-a")))
		if err != nil {
			t.Fatal(err)
		}
		defer pod.Remove(t.Context())
		_, err = pod.Run(t.Context(), cri.Container("main", node.AppImage, []string{"true"}))
		return err
	}
	set := func(policy string) {
		if err := a.SetPolicies(map[string]string{"deny.yaml": policy}); err != nil {
			t.Fatal(err)
		}
	}
	metric := func(name string) float64 {
		m, err := a.Metrics(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return m[name]
	}
	wantDenied := func(when string) {
		t.Helper()
		if err := root(); err == nil || !strings.Contains(err.Error(), `specguard: denied by policy "deny": runAsNonRoot`) {
			t.Errorf("%s: root: %v", when, err)
		}
	}

	wantDenied("at first")
	set(broken)
	eventually(t, "the reload fails", func() bool { return metric("specguard_policy_reload_success") == 0 })
	wantDenied("with an invalid policy in the folder")
	if got := metric("specguard_policy_generation"); got != 1 {
		t.Errorf("generation %v, want that of the good set", got)
	}
	eventually(t, "/readyz says why", func() bool {
		body, err := a.Get(t.Context(), "/readyz")
		return err != nil && strings.Contains(body, brokenFaults[0])
	})
	if !strings.Contains(a.Log(), "the last good ones stay in force") {
		t.Errorf("the log does not say so: %s", a.Log())
	}

	set(strings.Replace(deny, "reject", "audit", 1))
	eventually(t, "the new policies are in force", func() bool { return metric("specguard_policy_generation") == 2 })
	if err := root(); err != nil {
		t.Errorf("with the rule in audit: %v", err)
	}
	eventually(t, "it is ready", func() bool { _, err := a.Get(t.Context(), "/readyz"); return err == nil })

	set(deny)
	eventually(t, "the first policies are in force again", func() bool { return metric("specguard_policy_generation") == 3 })
	if err := a.SetPolicies(nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the reload fails", func() bool { return metric("specguard_policy_reload_success") == 0 })
	wantDenied("with an empty folder")
	if got := metric("specguard_builtin_policy"); got != 0 {
		t.Errorf("the built-in policy is in force: %v", got)
	}
	if want := "the folder has no policy any more"; !strings.Contains(a.Log(), want) {
		t.Errorf("the log does not say %q: %s", want, a.Log())
	}
}

// eventually waits a while for something to become true.
func eventually(t *testing.T, what string, true func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience.For(15 * time.Second)); !true(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
