package cli

import (
	"slices"

	"github.com/specguard/specguard/internal/decisionlog"
	"github.com/specguard/specguard/internal/input"
	"github.com/specguard/specguard/internal/ocispec"
	"github.com/specguard/specguard/policy"
)

// comparison is what check says about a container for which two sets of
// policies decide differently.
type comparison struct {
	about
	Before  policy.Outcome `json:"before"`
	Outcome policy.Outcome `json:"outcome"`
	Message string         `json:"message,omitempty"`

	// Gone is only in the first decision, New only in the second.
	Gone decisionlog.Results `json:"gone,omitzero"`
	New  decisionlog.Results `json:"new,omitzero"`

	// Diff leads from the spec that the first decision lets run to the second's, if both let
	// it run.
	Diff []ocispec.Change `json:"diff,omitempty"`
}

// compare judges a container with both sets.
func compare(set, other *policy.Set, about about, c *input.Container) (*comparison, error) {
	a, b := set.Evaluate(c.Subject, policy.Complete), other.Evaluate(c.Subject, policy.Complete)
	was, is := decisionlog.ResultsOf(a), decisionlog.ResultsOf(b)
	r := &comparison{
		about: about, Before: a.Outcome(), Outcome: b.Outcome(), Message: b.Message(),
		Gone: without(was, is), New: without(is, was),
	}
	if r.Before != policy.Denied && r.Outcome != policy.Denied {
		var err error
		if r.Diff, err = ocispec.Diff(a.Spec, b.Spec); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// count counts a container with another decision.
func (r *comparison) count(t *tally) bool {
	t.containers++
	changed := r.Before != r.Outcome || len(r.Diff) > 0 || len(sentences(r.Gone)) > 0 || len(sentences(r.New)) > 0
	if changed {
		t.failing++
	}
	return changed
}

// without returns the results that the others do not have.
func without(r, others decisionlog.Results) decisionlog.Results {
	return decisionlog.Results{
		Violations: minus(r.Violations, others.Violations),
		Audit:      minus(r.Audit, others.Audit),
		Excepted:   minus(r.Excepted, others.Excepted),
		Changes:    minus(r.Changes, others.Changes),
	}
}

func minus[T comparable](list, others []T) []T {
	var out []T
	for _, e := range list {
		if !slices.Contains(others, e) {
			out = append(out, e)
		}
	}
	return out
}

func (r *comparison) text(p *printer) {
	p.line(outcomeStyle(r.Outcome), "%s: %s -> %s", r.title(), r.Before, r.Outcome)
	for _, l := range sentences(r.Gone) {
		p.line(red, "  gone: %s", l.text)
	}
	for _, l := range sentences(r.New) {
		p.line(green, "  new: %s", l.text)
	}
	if r.Message != "" {
		p.line(plain, "  the user sees: %s", r.Message)
	}
	printDiff(p, r.Diff)
}
