package policytest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/specguard/specguard/internal/breakage"
	"github.com/specguard/specguard/internal/input"
	"github.com/specguard/specguard/policy"
)

// Difference is one thing that is not as expected. Expected or Got is "" if nothing was
// expected, or nothing is there.
type Difference struct {
	What     string // such as outcome, violations, spec.process.user.uid
	Expected string
	Got      string
}

// expected is an expectation that is ready to be compared.
type expected struct {
	now        expectedDecision
	ifEnforced *expectedDecision
}

type expectedDecision struct {
	*decision
	spec map[string]any // nil: not given
}

func (e *expectation) ready() (expected, error) {
	now, err := e.decision.ready()
	if err != nil || e.IfEnforced == nil {
		return expected{now: now}, err
	}
	then, err := e.IfEnforced.ready()
	if err != nil {
		return expected{}, fmt.Errorf("ifEnforced: %w", err)
	}
	return expected{now: now, ifEnforced: &then}, nil
}

func (d *decision) ready() (expectedDecision, error) {
	out := expectedDecision{decision: d}
	if d.Spec.Kind == 0 {
		return out, nil
	}
	var err error
	if out.spec, err = part(&d.Spec); err != nil {
		return out, fmt.Errorf("spec: %w", err)
	}
	return out, nil
}

func (e *expected) differences(c *input.Container, d *policy.Decision) []Difference {
	out := e.now.differences("", c, d)
	switch {
	case e.ifEnforced == nil:
	case d.IfEnforced == nil:
		out = append(out, Difference{What: "ifEnforced", Expected: "a policy in mode audit matches", Got: "none matches"})
	default:
		out = append(out, e.ifEnforced.differences("ifEnforced.", c, d.IfEnforced)...)
	}
	return out
}

// differences compares a decision; the prefix is that of what it says.
func (e *expectedDecision) differences(prefix string, c *input.Container, d *policy.Decision) []Difference {
	var out []Difference
	add := func(what, expected, got string) {
		out = append(out, Difference{What: prefix + what, Expected: expected, Got: got})
	}
	if got := d.Outcome(); outcome(got) != e.Outcome {
		add("outcome", string(e.Outcome), string(got))
	}
	if got := d.Message(); e.Message != nil && !e.Message.matches(got) {
		add("message", string(*e.Message), got)
	}
	if e.Policies != nil && !slices.Equal(slices.Sorted(slices.Values(e.Policies)), slices.Sorted(slices.Values(d.Policies))) {
		add("policies", list(e.Policies), list(d.Policies))
	}
	for _, l := range []struct {
		what     string
		given    bool
		expected []entry
		got      []got
	}{
		{"violations", e.Violations != nil, entries(e.Violations), violations(d.Violations)},
		{"audit", e.Audit != nil, entries(e.Audit), violations(d.Audit)},
		{"excepted", e.Excepted != nil, entries(e.Excepted), exceptions(d.Excepted)},
		{"changes", e.Changes != nil, entries(e.Changes), adjustments(d)},
		{"warnings", e.Warnings != nil, entries(e.Warnings), warnings(breakage.Warnings(&c.Subject, c.Facts, d))},
	} {
		if l.given {
			compareEntries(l.expected, l.got, func(expected, got string) { add(l.what, expected, got) })
		}
	}
	if e.spec != nil && d.Outcome() != policy.Denied {
		out = append(out, compareSpec(prefix+"spec", e.spec, d.Spec)...)
	}
	return out
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// compareEntries tells of entries that are expected and not there, and of
// those that are there and not expected.
func compareEntries(expected []entry, all []got, differ func(expected, got string)) {
	for _, e := range expected {
		if !slices.ContainsFunc(all, e.is) {
			differ(e.String(), "")
		}
	}
	for _, g := range all {
		if !slices.ContainsFunc(expected, func(e entry) bool { return e.is(g) }) {
			differ("", g.text)
		}
	}
}
