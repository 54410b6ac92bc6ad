package e2e_test

import (
	"context"
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
)

// TestAgentAwayOnCRIO shows what docs/deployment.md tells of CRI-O without the
// wrapper: while the agent hangs or is gone containers run unjudged, and are
// reported when it is back.
func TestAgentAwayOnCRIO(t *testing.T) {
	const policy = `apiVersion: specguard.dev/v1beta1
kind: Policy
metadata: {name: own-network}
spec:
  match: {namespaces: [team-a]}
  rules: {hostNamespaces: {}, runAsNonRoot: {}}
`
	for _, how := range []string{"frozen", "killed"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			n := lab.Private(t, build.CRIO, nil)
			a, err := agent.Start(t.Context(), n, agent.Options{
				Binary: agentBinary(t), Opener: "verify", Policies: map[string]string{"p.yaml": policy},
				Config: "hookPath: " + hookScript(t, n) + "\n",
			})
			if err != nil {
				t.Fatal(err)
			}
			g := &guarded{Node: n, agent: a}
			pod := g.pod(t, "away")
			run := func(name string) (*cri.Running, error) {
				return pod.Run(context.WithoutCancel(t.Context()), cri.Container(name, node.AppImage, []string{"sleep", "60"}))
			}
			if _, err := run("before"); err == nil || !strings.Contains(err.Error(), `specguard: denied by policy "own-network"`) {
				t.Errorf("before: %v", err)
			}
			away, back := a.Freeze, func() error { g.thaw(t); return nil }
			if how == "killed" {
				away, back = func() error { return a.Kill(t.Context()) }, a.Again
			}
			if err := away(); err != nil {
				t.Fatal(err)
			}
			var unjudged []*cri.Running
			for _, name := range []string{"first", "next"} {
				c, err := run(name)
				if err != nil {
					t.Fatalf("CRI-O refuses now: say so in the docs: %v", err)
				}
				unjudged = append(unjudged, c)
			}
			if err := back(); err != nil {
				t.Fatal(err)
			}
			for _, c := range unjudged {
				g.reported(t, c.ID)
			}
			if _, err := run("after"); err == nil || !strings.Contains(err.Error(), `specguard: denied by policy "own-network"`) {
				t.Errorf("after: %v", err)
			}
		})
	}
}

// TestStopExistingThroughCRI has the agent stop what runs against policy when it
// connects: what ran unjudged on CRI-O without the wrapper, and what was judged
// by the wrapper under other policies.
func TestStopExistingThroughCRI(t *testing.T) {
	config := func(n *node.Node, existing string) string {
		return "existing: " + existing + "\ncriSocket: " + n.Socket() +
			"\nhost: {kubeletDir: " + n.KubeletDir() + ", bundles: ['" + n.Bundle("{id}") + "']}\n"
	}
	run := func(t *testing.T, pod *cri.Sandbox) *cri.Running {
		t.Helper()
		c, err := pod.Run(t.Context(), cri.Container("main", node.AppImage, []string{"sleep", "600"}))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	stopped := func(t *testing.T, g *guarded, c *cri.Running) {
		t.Helper()
		if code, err := c.Wait(t.Context()); err != nil || code != 137 {
			t.Errorf("exit code %d, %v: want that it is killed", code, err)
		}
		g.reported(t, c.ID)
		metrics, err := g.agent.Metrics(t.Context())
		if err != nil || metrics["specguard_stopped_total"] != 1 {
			t.Errorf("stopped %v, %v", metrics["specguard_stopped_total"], err)
		}
	}
	t.Run("unjudged", func(t *testing.T) {
		t.Parallel()
		n := lab.Private(t, build.CRIO, nil)
		hook := "hookPath: " + hookScript(t, n) + "\n"
		a, err := agent.Start(t.Context(), n, agent.Options{
			Binary: agentBinary(t), Opener: "verify", Policies: map[string]string{"p.yaml": hardening}, Config: hook + config(n, "report"),
		})
		if err != nil {
			t.Fatal(err)
		}
		g := &guarded{Node: n, agent: a}
		pod := g.pod(t, "away")
		if err := a.Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
		c := run(t, pod)
		if err := a.Configure(hook + config(n, "stop")); err != nil {
			t.Fatal(err)
		}
		if err := a.Again(); err != nil {
			t.Fatal(err)
		}
		stopped(t, g, c)
	})
	for _, release := range []build.Release{build.CRIO, build.Containerd2} {
		t.Run("judged under other policies "+release.String(), func(t *testing.T) {
			t.Parallel()
			g := wrappedNode(t, release)
			c := run(t, g.pod(t, "judged"))
			if err := g.agent.Configure(config(g.Node, "stopDenied")); err != nil {
				t.Fatal(err)
			}
			restart := func() {
				t.Helper()
				if err := g.agent.Kill(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := g.agent.Again(); err != nil {
					t.Fatal(err)
				}
			}
			restart()
			g.existing(t, c.ID, "allowed")
			other := strings.Replace(hardening, "rules:", "rules:\n    images: {allowed: [quay.io/none]}", 1)
			if err := g.agent.SetPolicies(map[string]string{"hardening.yaml": other}); err != nil {
				t.Fatal(err)
			}
			restart()
			stopped(t, g, c)
		})
	}
}

// TestHookWithoutAgent: a sealed container whose hook can ask nobody, or that
// is not there, does not start.
func TestHookWithoutAgent(t *testing.T) {
	n := lab.Private(t, build.CRIO, nil)
	script := hookScript(t, n)
	for _, test := range []struct{ name, hook, socket, want string }{
		{"nobody-to-ask", script, "/elsewhere.sock", "specguard: not judged: the agent cannot be asked"},
		{"no-hook", "/no/such/specguard-runtime", "", "/no/such/specguard-runtime: no such file or directory"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := agent.Options{
				Binary: agentBinary(t), Opener: "verify", Policies: map[string]string{"hardening.yaml": hardening},
				Config: "hookPath: " + test.hook + "\nhost: {kubeletDir: " + n.KubeletDir() + "}\n",
			}
			if test.socket != "" {
				o.Args = []string{"--runtime-socket", n.Dir() + test.socket}
			}
			a, err := agent.Start(t.Context(), n, o)
			if err != nil {
				t.Fatal(err)
			}
			g := &guarded{Node: n, agent: a}
			g.refuses(t, g.pod(t, test.name), "main", test.want)
			if err := a.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}
