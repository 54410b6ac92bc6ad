package k8s_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/specguard/specguard/e2e/cri"
)

// TestFromAuditToEnforce is a new operator's way through docs/kubernetes.md:
// from a cluster without specguard to one where a team's namespaces are
// hardened, with the documents' own commands, files and policy.
func TestFromAuditToEnforce(t *testing.T) {
	g := bare(t)
	g.fresh(t)
	g.namespace(t, "team-path")
	t.Cleanup(func() { g.uninstall(t) })

	plain := func(name string) *corev1.Pod {
		return newPod("team-path", name, func(spec *corev1.PodSpec) {
			spec.Containers[0].SecurityContext = &corev1.SecurityContext{RunAsUser: new(int64(1000))}
		})
	}
	g.create(t, newPod("team-path", "before", hostPath("/srv")))
	unchanged(t, "before", g.told(t, "team-path", "before", "main"))

	// 1. Install it in audit.
	const audit, crio = "overlays/audit", "overlays/crio"
	install := documented(t, "kubernetes.md", "kubectl apply -k deploy/kustomize/overlays/audit")
	if g.isCRIO() {
		install = replaced(t, install, audit, crio)
	}
	g.shell(t, install)
	if g.isCRIO() {
		g.restartRuntime(t)
	}
	g.create(t, newPod("team-path", "audited", hostPath("/srv")))
	unchanged(t, "audited", g.told(t, "team-path", "audited", "main"))

	// 2. Read what would happen.
	read := documented(t, "kubernetes.md", `grep '"ifEnforced":{"outcome":"denied"'`)
	for _, want := range []string{`"stage":"existing","outcome":"allowed","pod":{"namespace":"team-path","name":"before"`, `"name":"audited"`} {
		eventually(t, func() error {
			if out, err := g.tryShell(t, read); err != nil || !strings.Contains(out, want) {
				return fmt.Errorf("%w: no %s in %s", err, want, out)
			}
			return nil
		})
	}

	policy := documented(t, "rollout.md", "mode: audit") // what is to be enforced
	g.auditsNode(t, replaced(t, policy, "mode: audit", "mode: enforce"))

	// 3. Enforce, in an overlay of one's own.
	overlay := replaced(t, documented(t, "kubernetes.md", "files: [policies/tenants.yaml]"),
		"images:\n  - {name: ghcr.io/specguard/specguard, newName: registry.example.com/specguard, newTag: v0.1.0}\n", "")
	if g.isCRIO() {
		overlay = replaced(t, overlay, audit, crio)
	}
	dir := t.TempDir()
	if err := os.Symlink(repository(t), filepath.Join(dir, "specguard")); err != nil {
		t.Fatal(err)
	}
	apply := func(policy string) {
		write(t, filepath.Join(dir, "own", "kustomization.yaml"), overlay)
		write(t, filepath.Join(dir, "own", "policies", "tenants.yaml"), policy)
		g.inForce(t, func() { g.shell(t, "kubectl apply -k "+filepath.Join(dir, "own")) })
	}
	apply(policy)
	g.create(t, plain("would-be"))
	if truth := g.told(t, "team-path", "would-be", "main"); truth.UID != 1000 || truth.NoNewPrivs {
		t.Errorf("a policy in mode audit has adjusted a pod: %+v", truth)
	}
	eventually(t, func() error {
		const want = `"ifEnforced":{"outcome":"adjusted"`
		if out, err := g.tryShell(t, replaced(t, read, `"ifEnforced":{"outcome":"denied"`, want)); err != nil || !strings.Contains(out, `"name":"would-be"`) {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})

	apply(replaced(t, policy, "mode: audit", "mode: enforce"))
	g.create(t, newPod("team-path", "denied", hostPath("/srv")))
	g.described(t, "team-path", "pod/denied", `specguard: denied by policy "tenants": `)
	g.create(t, plain("adjusted"))
	if truth := g.told(t, "team-path", "adjusted", "main"); truth.UID != 1000 || truth.Permitted != 0 || !truth.NoNewPrivs || truth.Seccomp != 2 {
		t.Errorf("the pod is not hardened: %+v", truth)
	}
	if out := g.kubectl(t, "--namespace=team-path", "get", "pods", "before", "audited", "--output=jsonpath={.items[*].status.containerStatuses[*].restartCount}"); out != "0 0" {
		t.Errorf("restarts of pods that ran before: %s", out)
	}
}

// auditsNode asks an agent's pod, as docs/kubernetes.md does, about all that
// runs on its node, by the policies in force and by a candidate.
func (g guarded) auditsNode(t *testing.T, candidate string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tenants.yaml")
	write(t, file, candidate)
	out, err := g.tryShell(t, replaced(t, documented(t, "kubernetes.md", "specguard audit\n"), "tenants.yaml", file))
	if exited := new(exec.ExitError); !errors.As(err, &exited) || exited.ExitCode() != 2 {
		t.Errorf("%v, want exit status 2", err)
	}
	for _, want := range []string{
		"team-path/before container main: allowed (policies: baseline, restricted)\n",
		"\n  if enforced: denied, the user would see: specguard: denied by policy ",
		" containers: none would be denied or adjusted; if policies in mode audit were enforced, 2 would be denied, 0 adjusted; asked /",
		"team-path/before container main: allowed -> denied\n",
		"team-path/audited container main: allowed -> denied\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("audit does not say %q:\n%s", want, out)
		}
	}
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// unchanged checks that a process is as it asked to be.
func unchanged(t *testing.T, what string, truth cri.Truth) {
	t.Helper()
	if truth.UID != 0 || truth.NoNewPrivs || !truth.RootWritable {
		t.Errorf("%s: it is adjusted: %+v", what, truth)
	}
}
