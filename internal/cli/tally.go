package cli

import (
	"fmt"

	"github.com/specguard/specguard/policy"
)

// tally counts what makes the exit status.
type tally struct {
	strict bool // a container that would be adjusted counts like a denied one

	containers int // judged
	changed    int // with --compare
	failed     int

	// outcomes are those of all, and ifEnforced those as if policies in mode
	// audit were enforced; without --compare.
	outcomes, ifEnforced outcomes
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
	return fmt.Sprintf("%d of %d containers would change", t.changed, t.containers)
}

// bad counts the containers that make exit status 2.
func (t *tally) bad() int {
	n := t.changed + t.outcomes.denied
	if t.strict {
		n += t.outcomes.adjusted
	}
	return n
}

func (t *tally) exit() error {
	switch {
	case t.failed > 0:
		return exitError
	case t.bad() > 0:
		return exitDenied
	default:
		return nil
	}
}
