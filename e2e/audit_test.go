package e2e_test

import (
	"maps"
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
	Policies, Notes                           []string
	Violations                                []struct{ Found string }
	Diff                                      []struct{ Path string }
	Asked                                     note
}

// audit runs specguard audit on the node.
func (g *rig) audit(t *testing.T, args ...string) (lines []auditLine, code int) {
	t.Helper()
	socket, config, bundles := "--containerd-socket", "", ""
	if g.Release() == build.CRIO {
		socket, config = "--cri-socket", "opener: runtime\n"
	}
	if g.verify {
		config = "opener: verify\n"
	}
	if g.verify || g.Wrapped() {
		bundles = ", bundles: ['" + g.Bundle("{id}") + "']"
	}
	writeFile(t, g.Dir(), "audit.yaml", config+"host: {kubeletDir: "+g.KubeletDir()+", runtimeDirs: ["+strings.Join(g.RuntimeDirs(), ", ")+"]"+bundles+"}\n")
	lines, stderr, code := specguard[auditLine](t, agentBinary(t), append([]string{"audit", "--output", "json",
		"--config", g.Dir() + "/audit.yaml", socket, g.Socket()}, args...)...)
	if strings.Contains(stderr, "the opener of this node is verify") != g.verify || !g.verify && stderr != "" {
		t.Fatalf("exit status %d: %s", code, stderr)
	}
	return lines, code
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
		make := func(namespace, decision string, options ...cri.PodOption) running {
			pod := g.runPod(t, namespace, options...)
			return g.run(t, &request{pod, cri.Container("main", node.AppImage, cri.TellTruth("sleep 600"))}, decision)
		}
		forged := cri.Annotation(noteAnnotation, `{"container":"main","fields":[{"field":"process.user.uid","was":"1","now":"0"}]}`)
		adjusted, free := make("audit-a", "adjusted", forged), make("audit-b", "", forged)
		expect := func(what string, lines []auditLine, code, wantCode int, want ...auditLine) {
			t.Helper()
			lines = slices.DeleteFunc(slices.Clone(lines), func(l auditLine) bool { return !strings.HasPrefix(l.Namespace, "audit-") })
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
		of := func(c running) auditLine {
			return lines[slices.IndexFunc(lines, func(l auditLine) bool { return l.ID == c.ID })]
		}
		was, is := of(adjusted), of(free)
		said := 0
		if g.Release() == build.CRIO { // it copies a pod's annotations
			said = 1
		}
		if len(was.Notes) != 1 || !strings.Contains(was.Notes[0], "adjusted it: judged as it runs") || len(is.Notes) != said {
			t.Errorf("notes %q, %q", was.Notes, is.Notes)
		}
		if f := was.Asked.Fields; len(f) == 0 || f[0].Rule != "resources" || f[0].Field != "linux.resources.memory.limit" || f[0].Now != "67108864" {
			t.Errorf("of the adjusted one was asked %+v", was.Asked)
		}
		if said == 1 && !strings.Contains(is.Notes[0], "is not specguard's") || len(is.Asked.Fields) > 0 {
			t.Errorf("forged: %+v, %q", is.Asked, is.Notes)
		}
		if len(is.Diff) != 1 || !strings.HasPrefix(is.Diff[0].Path, "linux.resources.memory") {
			t.Errorf("diff %+v", is.Diff)
		}

		lines, code = g.audit(t, "--policy-dir", dir+"/all.yaml", "--compare", dir+"/candidate.yaml")
		expect("compared", lines, code, 2,
			auditLine{Namespace: "audit-a", ID: adjusted.ID, Before: "allowed", Outcome: "denied"},
			auditLine{Namespace: "audit-b", ID: free.ID, Before: "adjusted", Outcome: "denied"})

		if g.Release() != build.CRIO { // which keeps new limits to itself
			if err := free.UpdateResources(t.Context(), limited(32*mebi, 500)); err != nil {
				t.Fatal(err)
			}
			if lines, _ = g.audit(t, "--policy-dir", dir+"/all.yaml"); of(free).Outcome != "allowed" {
				t.Errorf("with a new limit: %+v", of(free))
			}
		}
		g.auditNamespaces(t)
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

// auditNamespaces has audit tell whose namespaces pods have, which the runtime
// says and not every spec.
func (g *rig) auditNamespaces(t *testing.T) {
	t.Helper()
	if err := g.AddNetwork(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for namespace, c := range map[string]struct {
		pod     []cri.PodOption
		options []cri.ContainerOption
		found   string
	}{
		"shares-none":    {[]cri.PodOption{cri.PodNetwork()}, []cri.ContainerOption{cri.InPodNetwork()}, ""},
		"shares-network": {nil, nil, "host namespaces network not allowed"},
		"shares-ipc": {
			[]cri.PodOption{cri.PodNetwork(), cri.HostNamespaces(false, true)},
			[]cri.ContainerOption{cri.InPodNetwork(), cri.ShareNamespaces(false, true)}, "host namespaces ipc not allowed",
		},
		"shares-all": {
			[]cri.PodOption{cri.HostNamespaces(true, true)}, []cri.ContainerOption{cri.ShareNamespaces(true, true)},
			"host namespaces network, pid, ipc not allowed",
		},
	} {
		want[namespace] = c.found
		g.run(t, &request{g.runPod(t, namespace, c.pod...), cri.Container("main", node.AppImage, cri.TellTruth("sleep 600"), c.options...)}, "")
	}
	policy := t.TempDir()
	writeFile(t, policy, "p.yaml", policyText("p", `{namespaces: ["shares-*"]}`, "enforce", "rules: {hostNamespaces: {}}"))
	lines, _ := g.audit(t, "--policy-dir", policy)
	got := map[string]string{}
	for _, l := range lines {
		if _, ok := want[l.Namespace]; ok {
			got[l.Namespace] = ""
			for _, v := range l.Violations {
				got[l.Namespace] += v.Found
			}
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}
