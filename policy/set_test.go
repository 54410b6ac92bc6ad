package policy

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// inNamespaces is a policy for those namespaces.
func inNamespaces(name, mode, globs string) string {
	return strings.Replace(policyDoc(name, "allowPrivilegeEscalation: {}"), "spec:\n", "spec:\n  mode: "+mode+"\n  match: {namespaces: ["+globs+"]}\n", 1)
}

func TestSelect(t *testing.T) {
	set := compileDocs(t, inNamespaces("a", "enforce", "team-a, both"), inNamespaces("b", "audit", "team-b, both"))
	for ns, want := range map[string]Selection{
		"team-a": {Enforced: true}, "team-b": {Audited: true}, "both": {Enforced: true, Audited: true}, "other": {},
	} {
		sub := subject(nil)
		sub.Pod.Namespace = ns
		for range 2 { // the second time from memory
			if got := set.Select(&sub); got != want {
				t.Errorf("%s: %+v, want %+v", ns, got, want)
			}
		}
	}
}

// TestSetRemembers: what is remembered of a namespace is what would be found
// again, and there is an end to it.
func TestSetRemembers(t *testing.T) {
	set := compileDocs(t, inNamespaces("a", "enforce", "'n*5'"), inNamespaces("b", "enforce", "'n*'"))
	for range 2 {
		for i := range maxRemembered + 500 {
			var got []string
			for _, p := range set.inNamespace(fmt.Sprintf("n%d", i)).policies {
				got = append(got, p.name)
			}
			want := []string{"a", "b"}
			if i%10 != 5 {
				want = want[1:]
			}
			if !slices.Equal(got, want) {
				t.Fatalf("n%d: %q, want %q", i, got, want)
			}
		}
	}
	n := 0
	set.candidates.Range(func(any, any) bool { n++; return true })
	if n != maxRemembered {
		t.Errorf("remembers %d namespaces", n)
	}
}

// TestSetConcurrent is for the race detector.
func TestSetConcurrent(t *testing.T) {
	set := compileDocs(t,
		inNamespaces("a", "enforce", "'team-*'"),
		policyDoc("b", "resources: {onViolation: adjust, memory: {max: 1Gi}}", "hostPaths: {allowed: [{path: /data}]}"),
		strings.Replace(policyDoc("c", "hostNamespaces: {}"), "spec:\n", "spec:\n  match: {podSelector: {matchLabels: {tier: web}}}\n", 1),
	)
	spec := newSpec(withMount(bind("/x", "/data")))
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 50 {
				sub := subject(spec)
				sub.Pod.Namespace = fmt.Sprintf("team-%d", (worker+i)%20)
				d := set.Evaluate(sub, Complete)
				if len(d.Policies) != 3 || len(d.Violations) != 1 || len(d.Adjustments) != 1 {
					t.Errorf("%q %q %q", d.Policies, findings(d), changes(d))
				}
				if !set.Select(&sub).Enforced {
					t.Error("not selected")
				}
			}
		})
	}
	wg.Wait()
}

func TestSetCounts(t *testing.T) {
	set := compileDocs(t, policyDoc("a", "hostPaths: {}", "hostNamespaces: {onViolation: ignore}", "resources: {pids: {max: 5}}"), policyDoc("b", "hostPaths: {}"))
	if set.RuleCount() != 3 || !slices.Equal(set.Names(), []string{"a", "b"}) {
		t.Errorf("%d rules of %q", set.RuleCount(), set.Names())
	}
}
