package policy

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/labels"
	"pgregory.net/rapid"
)

func TestMatchWarnings(t *testing.T) {
	for match, want := range map[string]string{
		"{namespaces: ['kube-*', 'team-*']}":                              `0.yaml:5:24: spec.match.namespaces[0]: "kube-*" does not match kube-system, which only its full name matches: add kube-system if it is meant`,
		"{namespaces: [a, '?ube-system']}":                                `0.yaml:5:27: spec.match.namespaces[1]: "?ube-system" does not match kube-system, which only its full name matches: add kube-system if it is meant`,
		"{namespaces: ['kube-*', kube-system]}":                           "",
		"{namespaces: ['team-*'], excludeNamespaces: [other, team-a]}":    `0.yaml:5:55: spec.match.excludeNamespaces[0]: "other" excludes nothing: the match covers no such namespace`,
		"{namespaces: ['team-*'], excludeNamespaces: [team-a]}":           "",
		"{namespaces: ['team-*'], excludeNamespaces: [kube-system]}":      "",
		"{excludeNamespaces: [team-a]}":                                   "",
		"{namespaces: ['{a,b}-*', c], excludeNamespaces: ['?-x', 'c?*']}": `0.yaml:5:66: spec.match.excludeNamespaces[1]: "c?*" excludes nothing: the match covers no such namespace`,
	} {
		var got []string
		for _, w := range compileDocs(t, matchDoc(match), policyDoc("system", "privileged: {}")+"\n").Warnings() {
			if strings.HasPrefix(w.File, "0") && !strings.Contains(w.Msg, "no policy covers") {
				got = append(got, w.String())
			}
		}
		if strings.Join(got, "\n") != want {
			t.Errorf("%s:\n got %q\nwant %q", match, got, want)
		}
	}
}

// TestMatchLeaves: a pattern is left out only by one that covers all that it matches, whatever its
// text is.
func TestMatchLeaves(t *testing.T) {
	many := "{" + strings.Repeat("a,", 300) + "b}" // more than are looked at
	for match, want := range map[string]string{
		"{namespaces: ['team-*'], excludeNamespaces: ['team-?']}":              "",
		"{containers: ['a*b'], excludeContainers: ['a?b', 'a??']}":             "",
		"{namespaces: ['" + many + "'], excludeNamespaces: ['" + many + "']}":  "leaves no namespace",
		"{namespaces: [a, b], excludeNamespaces: ['" + many + "']}":            "leaves no namespace",
		"{namespaces: [a, c], excludeNamespaces: ['" + many + "']}":            "",
		"{containers: [a, 'a?*'], excludeContainers: ['[a-z]*']}":              "leaves no container",
		"{containers: ['*-{x,*}', b], excludeContainers: ['?', '*-{x,*}']}":    "leaves no container",
		"{namespaces: ['{b,a}', '?-a'], excludeNamespaces: ['{?-?,a}', b, x]}": "leaves no namespace",
	} {
		_, err := Compile(sources(matchDoc(match))...)
		if got := err != nil; got != (want != "") || got && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", match, err, want)
		}
	}
}

// drawSelector draws a selector of a few labels.
func drawSelector(t *rapid.T) *LabelSelector {
	l := &LabelSelector{MatchLabels: make(map[string]string)}
	for _, key := range some(t, "label", "a", "b") {
		l.MatchLabels[key] = pick(t, "value", "1", "2", "3")
	}
	for range rapid.IntRange(0, 4).Draw(t, "expressions") {
		r := LabelRequirement{Key: pick(t, "key", "a", "b"), Operator: pick(t, "operator", labelOperators()...)}
		if r.Operator == "In" || r.Operator == "NotIn" {
			r.Values = append(some(t, "values", "1", "2", "3"), "4")
		}
		l.MatchExpressions = append(l.MatchExpressions, r)
	}
	return l
}

// A selector is refused exactly if no labels meet it.
func TestPropertySelector(t *testing.T) {
	var all []labels.Set
	for _, a := range []string{"", "1", "2", "3", "4", "5"} {
		for _, b := range []string{"", "1", "2", "3", "4", "5"} {
			set := labels.Set{}
			if a != "" {
				set["a"] = a
			}
			if b != "" {
				set["b"] = b
			}
			all = append(all, set)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		l := drawSelector(t)
		if len(l.MatchLabels)+len(l.MatchExpressions) == 0 {
			return
		}
		err := l.Validate()
		meets := false
		excluded := drawSelector(t)
		left, decidable := false, len(excluded.MatchLabels)+len(excluded.MatchExpressions) > 0 && excluded.Validate() == nil
		for _, set := range all {
			meets = meets || l.selector.Matches(set)
			left = left || decidable && l.selector.Matches(set) && !excluded.selector.Matches(set)
		}
		if decidable && err == nil && leavesPods(l, excluded) != left {
			t.Errorf("some labels are left: %v", left)
		}
		if meets != (err == nil) {
			t.Errorf("some labels meet it: %v, and the error is %v", meets, err)
		}
	})
}
