package policy

import (
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
