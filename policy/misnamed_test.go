package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestMisnamedNamespace: a namespace that Kubernetes cannot have is refused
// wherever a policy enforces, and reported where all are in mode audit.
func TestMisnamedNamespace(t *testing.T) {
	enforce, audit := inNamespaces("a", "enforce", "team-b"), inNamespaces("b", "audit", "team-b")
	for ns, bad := range map[string]bool{
		"team-a": false, "kube-system": false, "default": false, "7": false, strings.Repeat("a", 63): false,
		"": true, "a/b": true, "a.b": true, "Team": true, "a_b": true, "-a": true, "a b": true, "a\nb": true, strings.Repeat("a", 64): true,
	} {
		for _, docs := range [][]string{{enforce}, {audit}, {enforce, audit}, nil} {
			set := compileDocs(t, docs...)
			sub := subject(newSpec())
			sub.Pod.Namespace = ns
			enforced, audited := slices.Contains(docs, enforce), slices.Contains(docs, audit)
			sel := set.Select(&sub)
			if sel.Enforced != (bad && enforced) || sel.Audited != (bad && audited) {
				t.Errorf("%q: %+v", ns, sel)
			}
			for _, visible := range []Visibility{Partial, Complete, Fixed} {
				d := set.Evaluate(sub, visible)
				if denied := d.Outcome() == Denied; denied != (bad && enforced) || len(d.Audit) > 0 != (bad && audited) {
					t.Errorf("%q: %s %v", ns, d.Outcome(), d.Audit)
				}
				if then := d.IfEnforced; visible != Partial && (then != nil && then.Outcome() == Denied) != (bad && audited) {
					t.Errorf("%q: if enforced %+v", ns, then)
				}
			}
			if ns == "a/b" && enforced {
				const want = `specguard: denied by policy "a": namespace: "a/b" is not a valid namespace name (allowed: a DNS label)`
				if got := set.Evaluate(sub, Partial).Message(); got != want {
					t.Errorf("%s\nwant %s", got, want)
				}
			}
		}
	}
	sub := subject(newSpec())
	sub.Pod.Namespace, sub.Pod.Unseen = "", true
	if d := compileDocs(t, enforce).Evaluate(sub, Complete); d.Outcome() != Allowed {
		t.Errorf("a namespace that is not known: %s", d.Message())
	}
}

// TestMisnamedContainer: a name that Kubernetes does not have brings no container past a policy,
// and none to an exception.
func TestMisnamedContainer(t *testing.T) {
	const exception = "---\napiVersion: " + APIVersion + "\nkind: Exception\nmetadata: {name: x}\n" +
		"spec: {policies: [p], rules: [capabilities], match: {containers: [%s]}, reason: r, owner: o, expires: 2999-01-01}\n"
	policy := func(match string) string {
		return strings.Replace(policyDoc("p", "capabilities: {drop: [ALL]}"), "spec:\n", "spec:\n  match: "+match+"\n", 1)
	}
	for name, c := range map[string]struct {
		doc, container string
		want           Outcome
	}{
		"every name":                   {policy("{containers: ['*']}"), "a/b", Denied},
		"another name":                 {policy("{containers: [app]}"), "a/b", Denied},
		"excluded":                     {policy("{excludeContainers: ['a**']}"), "a/b", Denied},
		"excluded, as Kubernetes has":  {policy("{excludeContainers: ['a*']}"), "ab", Allowed},
		"another, as Kubernetes has":   {policy("{containers: [app]}"), "ab", Allowed},
		"excused":                      {policy("{}") + fmt.Sprintf(exception, "'a**'"), "a/b", Denied},
		"excused, as Kubernetes names": {policy("{}") + fmt.Sprintf(exception, "'a*'"), "ab", Allowed},
	} {
		t.Run(name, func(t *testing.T) {
			sub := subject(newSpec())
			sub.Container.Name = c.container
			if d := compileDocs(t, c.doc).Evaluate(sub, Complete); d.Outcome() != c.want {
				t.Errorf("%s: %s", d.Outcome(), d.Message())
			}
		})
	}
}
