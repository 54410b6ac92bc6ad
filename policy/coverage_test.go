package policy

import (
	"fmt"
	"strings"
	"testing"
)

func TestElsewhere(t *testing.T) {
	matching := func(name, match string) string {
		return strings.Replace(policyDoc(name, "allowPrivilegeEscalation: {}"), "spec:\n", "spec:\n  match: {"+match+"}\n", 1)
	}
	set := compileDocs(t,
		matching("team", "namespaces: ['team-*'], excludeNamespaces: [team-x]"),
		matching("rest", "excludeNamespaces: ['team-*', infra]"),
		matching("system", "namespaces: ['*', kube-system]"),
		matching("other", "namespaces: [other], containers: [db]"),
		matching("wide", "namespaces: ['kube-*']"))
	for ns, want := range map[string]string{
		"infra":       "[{rest [] [team-* infra kube-system]} {team [team-*] [team-x]} {wide [kube-*] [kube-system]}]",
		"team-a":      "[{rest [] [team-* infra kube-system]} {wide [kube-*] [kube-system]}]",
		"kube-system": "[{rest [] [team-* infra kube-system]} {team [team-*] [team-x]} {wide [kube-*] [kube-system]}]",
		"kube-public": "[{team [team-*] [team-x]}]",
	} {
		sub := subject(nil)
		sub.Pod.Namespace, sub.Container.Name = ns, "app"
		if got := set.Elsewhere(&sub); fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", ns, got, want)
		}
	}
}
