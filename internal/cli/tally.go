package cli

import (
	"fmt"

	"github.com/specguard/specguard/policy"
)

// tally counts what makes the exit status.
type tally struct {
	failOn failOn

	// errorFirst makes an error count more than a container that fails.
	errorFirst bool

	containers int // judged
	failing    int // of these, by failOn; those that change, with --compare
	failed     int // errors

	// outcomes are those of all, and ifEnforced those as if policies in mode
	// audit were enforced; without --compare.
	outcomes, ifEnforced outcomes
	uncovered            int // no policy matches
}

// add counts a container, and tells whether it makes the exit status 2.
func (t *tally) add(r *report) bool {
	t.containers++
	t.outcomes.add(r.Outcome)
	then := r.Outcome
	if r.IfEnforced != nil {
		then = r.IfEnforced.Outcome
	}
	t.ifEnforced.add(then)
	if r.uncovered() {
		t.uncovered++
	}
	fails := t.failOn.counts(r)
	if fails {
		t.failing++
	}
	return fails
}

// outcomes counts what does not comply.
type outcomes struct{ denied, adjusted int }

func (n *outcomes) add(o policy.Outcome) {
	switch o {
	case policy.Denied:
		n.denied++
	case policy.Adjusted:
		n.adjusted++
	}
}

func (n outcomes) String() string {
	if n == (outcomes{}) {
		return "none would be denied or adjusted"
	}
	return fmt.Sprintf("%d would be denied, %d adjusted", n.denied, n.adjusted)
}

// changes says how many containers change, with --compare.
func (t *tally) changes() string {
	return fmt.Sprintf("%d of %d containers would change", t.failing, t.containers)
}

func (t *tally) exit() error {
	switch {
	case t.failed > 0 && (t.errorFirst || t.failing == 0):
		return exitError
	case t.failing > 0:
		return exitDenied
	default:
		return nil
	}
}
