package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/specguard/specguard/policy"
)

// failOn is the value of a flag: which containers make the exit status 2. Denied ones always do.
type failOn struct{ adjusted, ifEnforced, uncovered bool }

const failOnUsage = "what makes the exit status 2 beside denied containers: a list of adjusted, if-enforced (what policies in mode audit " +
	"would deny; with adjusted, also adjust) and uncovered (no policy matches)"

// String lists what is counted.
func (f *failOn) String() string {
	out := []string{"denied"}
	for _, o := range f.options() {
		if *o.on {
			out = append(out, o.name)
		}
	}
	return strings.Join(out, ",")
}

// Set adds a list.
func (f *failOn) Set(list string) error {
	for name := range strings.SplitSeq(list, ",") {
		options := f.options()
		at := slices.IndexFunc(options, func(o failOnOption) bool { return o.name == name })
		switch {
		case at >= 0:
			*options[at].on = true
		case name != "denied":
			return fmt.Errorf("%q is not one of denied, adjusted, if-enforced, uncovered", name)
		}
	}
	return nil
}

// Type is how the help calls the value.
func (f *failOn) Type() string { return "list" }

type failOnOption struct {
	name string
	on   *bool
}

func (f *failOn) options() []failOnOption {
	return []failOnOption{{"adjusted", &f.adjusted}, {"if-enforced", &f.ifEnforced}, {"uncovered", &f.uncovered}}
}

// counts tells whether the container makes the exit status 2.
func (f *failOn) counts(r *report) bool {
	return f.fails(r.Outcome) || f.countsIfEnforced(r) || f.uncovered && r.uncovered()
}

// countsIfEnforced tells whether what policies in mode audit would do makes the exit status 2.
func (f *failOn) countsIfEnforced(r *report) bool {
	return f.ifEnforced && r.IfEnforced != nil && f.fails(r.IfEnforced.Outcome)
}

func (f *failOn) fails(o policy.Outcome) bool {
	return o == policy.Denied || f.adjusted && o == policy.Adjusted
}
