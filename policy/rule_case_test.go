package policy

import (
	"slices"
	"testing"
)

// ruleCase is a container and what a rule finds of it.
type ruleCase struct {
	name string
	rule string // beside onViolation
	edit func(*Subject)
	want []string
}

// testFindings judges the containers by the rule, with these visibilities.
func testFindings(t *testing.T, rule string, cases []ruleCase, visibilities ...Visibility) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			var want []string
			for _, w := range tt.want {
				want = append(want, rule+": "+w)
			}
			sub := subject(newSpec())
			tt.edit(&sub)
			set := compileDocs(t, policyDoc("test", rule+": "+tt.rule))
			for _, visible := range visibilities {
				if got := findings(set.Evaluate(sub, visible)); !slices.Equal(got, want) {
					t.Errorf("visible %v:\n got %q\nwant %q", visible, got, want)
				}
			}
		})
	}
}

// testAdjusted has the rule adjust a container, and returns the decision. It
// wants the changes, and none more the second time.
func testAdjusted(t *testing.T, rule string, edit func(*Subject), want ...string) *Decision {
	t.Helper()
	set := compileDocs(t, policyDoc("test", rule))
	sub := subject(newSpec())
	edit(&sub)
	d := set.Evaluate(sub, Complete)
	if d.Outcome() != Adjusted || !slices.Equal(changes(d), want) {
		t.Fatalf("%s: %s %q %q, want %q", rule, d.Outcome(), findings(d), changes(d), want)
	}
	if g := grants(sub.Spec, d.Spec); len(g) > 0 {
		t.Errorf("granted %q", g)
	}
	sub.Spec = d.Spec
	if again := set.Evaluate(sub, Complete); again.Outcome() != Allowed {
		t.Errorf("the second time: %s %q %q", again.Outcome(), findings(again), changes(again))
	}
	return d
}

// testLoad wants these errors of rules.
func testLoad(t *testing.T, rule string, errors map[string]string) {
	t.Helper()
	for config, want := range errors {
		if got := loadError(rule + ": " + config); got != want {
			t.Errorf("%s:\n got %s\nwant %s", config, got, want)
		}
	}
}
