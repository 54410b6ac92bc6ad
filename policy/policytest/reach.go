package policytest

import (
	"slices"

	"github.com/specguard/specguard/policy"
)

// Reach says which cases there are for a rule of a policy.
type Reach struct {
	Policy, Rule string

	// Broken: the container of a case breaks the rule, as the test gives it. Kept: that of a case
	// which the policy matches complies with the rule.
	Broken, Kept bool
}

// reaches are those of the rules of a Set.
type reaches []Reach

func newReach(set *policy.Set) reaches {
	var out reaches
	for _, r := range set.Rules() {
		out = append(out, Reach{Policy: r.Policy, Rule: r.Rule})
	}
	return out
}

// add counts a case. The decision is of a spec that is Fixed: nothing is adjusted, so that each
// rule is asked about what the test gives.
func (all reaches) add(d *policy.Decision) {
	for i := range all {
		r := &all[i]
		is := func(v policy.Violation) bool { return v.Policy == r.Policy && v.Rule == r.Rule }
		switch {
		case !slices.Contains(d.Policies, r.Policy):
		case slices.ContainsFunc(d.Violations, is) || slices.ContainsFunc(d.Audit, is) ||
			slices.ContainsFunc(d.Excepted, func(x policy.Excepted) bool { return is(x.Violation) }):
			r.Broken = true
		default:
			r.Kept = true
		}
	}
}
