package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

// auditLine is what audit says of a container.
type auditLine struct {
	Namespace, Container, ID, Before, Outcome string
	Policies                                  []string
	Diff                                      []struct{ Path string }
}

// audit runs specguard audit on the node.
func (g *rig) audit(t *testing.T, args ...string) (lines []auditLine, code int) {
	t.Helper()
	config, socket := "host: {kubeletDir: "+g.KubeletDir()+"}\n", g.Socket()
	if g.Wrapped() || g.verify {
		config = "opener: runtime\nhost: {kubeletDir: " + g.KubeletDir() + ", bundles: ['" + g.Bundle("{id}") + "']}\n"
		socket = "/no/such/socket"
	}
	writeFile(t, g.Dir(), "audit.yaml", config)
	cmd := exec.CommandContext(t.Context(), agentBinary(t), append([]string{"audit", "--output", "json",
		"--config", g.Dir() + "/audit.yaml", "--nri-socket", g.NRISocket(), "--containerd-socket", socket}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err, exited := cmd.Run(), new(exec.ExitError); err != nil && !errors.As(err, &exited) || stderr.Len() > 0 {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	for line := range strings.Lines(stdout.String()) {
		var l auditLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	return lines, cmd.ProcessState.ExitCode()
}

// TestAudit judges what runs on a node, beside an agent that goes on judging.
func TestAudit(t *testing.T) {
	eachNode(t, testAudit(false))
	t.Run(build.CRIO.String()+" verified", func(t *testing.T) {
		t.Parallel()
		testAudit(true)(t, shared.Node(t, build.CRIO))
	})
}

func testAudit(verify bool) func(t *testing.T, n *node.Node) {
	const agents = "rules: {resources: {onViolation: adjust, memory: {max: 64Mi}}}"
	const candidate = `rules: {resources: {onViolation: adjust, memory: {max: 64Mi}}, capabilities: {drop: [ALL], allow: [KILL]}}`
	return func(t *testing.T, n *node.Node) {
		g := startRig(t, n, rigOptions{policies: policyText("now", "{namespaces: [audit-a]}", "enforce", agents), verify: verify})
		make := func(namespace, decision string) running {
			pod := g.runPod(t, namespace)
			return g.run(t, &request{pod, cri.Container("main", node.AppImage, cri.TellTruth("sleep 600"))}, decision)
		}
		adjusted, free := make("audit-a", "adjusted"), make("audit-b", "")
		expect := func(what string, lines []auditLine, code, wantCode int, want ...auditLine) {
			t.Helper()
			lines = slices.DeleteFunc(lines, func(l auditLine) bool { return !strings.HasPrefix(l.Namespace, "audit-") })
			if code != wantCode || len(lines) != len(want) {
				t.Fatalf("%s: exit status %d, %+v", what, code, lines)
			}
			for i, l := range lines {
				w := want[i]
				if l.Namespace != w.Namespace || l.ID != w.ID || l.Container != "main" || l.Before != w.Before || l.Outcome != w.Outcome || !slices.Equal(l.Policies, w.Policies) {
					t.Errorf("%s: %+v, want %+v", what, l, w)
				}
			}
		}
		dir := t.TempDir()
		writeFile(t, dir, "now.yaml", policyText("now", "{namespaces: [audit-a]}", "enforce", agents))
		writeFile(t, dir, "all.yaml", policyText("all", `{namespaces: ["audit-*"]}`, "enforce", agents))
		writeFile(t, dir, "candidate.yaml", policyText("all", `{namespaces: ["audit-*"]}`, "enforce", candidate))

		lines, code := g.audit(t, "--policy-dir", dir+"/now.yaml")
		expect("in force", lines, code, 0,
			auditLine{Namespace: "audit-a", ID: adjusted.ID, Outcome: "allowed", Policies: []string{"now"}},
			auditLine{Namespace: "audit-b", ID: free.ID, Outcome: "allowed"})

		lines, code = g.audit(t, "--policy-dir", dir+"/all.yaml")
		expect("for all", lines, code, 2,
			auditLine{Namespace: "audit-a", ID: adjusted.ID, Outcome: "allowed", Policies: []string{"all"}},
			auditLine{Namespace: "audit-b", ID: free.ID, Outcome: "adjusted", Policies: []string{"all"}})
		if diff := lines[len(lines)-1].Diff; len(diff) != 1 || !strings.HasPrefix(diff[0].Path, "linux.resources.memory") {
			t.Errorf("diff %+v", diff)
		}

		lines, code = g.audit(t, "--policy-dir", dir+"/all.yaml", "--compare", dir+"/candidate.yaml")
		expect("compared", lines, code, 2,
			auditLine{Namespace: "audit-a", ID: adjusted.ID, Before: "allowed", Outcome: "denied"},
			auditLine{Namespace: "audit-b", ID: free.ID, Before: "adjusted", Outcome: "denied"})

		for _, c := range []running{adjusted, free} {
			if _, err := c.Exec(t.Context(), "true"); err != nil {
				t.Errorf("after audit: %v", err)
			}
		}
		if err := g.agent.WaitReady(t.Context()); err != nil {
			t.Errorf("after audit: %v", err)
		}
		make("audit-a", "adjusted")
	}
}
