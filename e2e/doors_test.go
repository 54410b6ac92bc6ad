package e2e_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/specguard/specguard/e2e/gate"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
)

// mapped denies what only the complete spec shows.
const mapped = `
apiVersion: specguard.dev/v1alpha1
kind: Policy
metadata: {name: mapped}
spec:
  match: {namespaces: [team-a], containers: [denied]}
  rules: {userNamespace: {onViolation: reject}}
`

// deaf makes the node's OCI runtime one that does not run hooks of a kind: the
// kind that stands in the file that it returns.
func deaf(t *testing.T, o *node.Options) (kind string) {
	t.Helper()
	dir := t.TempDir()
	kind = filepath.Join(dir, "kind")
	script := filepath.Join(dir, "runtime")
	content := `#!/bin/sh
real=` + o.Runc + ` kind=$(cat ` + kind + ` 2>/dev/null) bundle=
for a; do
	[ "$bundle" = next ] && bundle=$a
	[ "$a" = --bundle ] && bundle=next
done
[ -n "$kind" ] && [ -n "$bundle" ] && sed -i "s/\"$kind\":/\"x-$kind\":/" "$bundle/config.json"
exec $real "$@"
`
	if err := os.WriteFile(script, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
	o.Runc = script
	return kind
}

// TestSealWhereverHooksRun starts sealed containers by OCI runtimes that run
// hooks of one kind only, as gVisor (createRuntime) and Kata (createContainer):
// what is not judged and what is denied must not run, and what is opened must.
func TestSealWhereverHooksRun(t *testing.T) {
	for _, release := range guardedReleases {
		t.Run(release.String(), func(t *testing.T) {
			var kind string
			g := guard(t, lab.Private(t, release, func(o *node.Options) { kind = deaf(t, o) }))
			if err := g.agent.SetPolicies(map[string]string{"hardening.yaml": hardening, "mapped.yaml": mapped}); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the agent reads its policies", func() bool {
				m, err := g.agent.Metrics(t.Context())
				return err == nil && m["specguard_policies"] == 2
			})
			for _, skipped := range []string{"", "createRuntime", "createContainer"} {
				if err := os.WriteFile(kind, []byte(skipped), 0o600); err != nil {
					t.Fatal(err)
				}
				pod := g.pod(t, "hooks-"+skipped)
				g.gate.Set(gate.Refuse)
				unjudged, err := g.create(t, pod, "unjudged")
				g.gate.Set(gate.Open)
				if err != nil {
					t.Fatal(err)
				}
				neverRan(t, unjudged, notJudged)
				denied, err := g.create(t, pod, "denied")
				if err != nil {
					t.Fatal(err)
				}
				neverRan(t, denied, `specguard: denied by policy "mapped": `)
				g.works(t)
			}
		})
	}
}
