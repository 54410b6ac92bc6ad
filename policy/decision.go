package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// Outcome is what happens to a container.
type Outcome string

// The outcomes.
const (
	Allowed  Outcome = "allowed"  // complies as it is
	Adjusted Outcome = "adjusted" // complies as edited
	Denied   Outcome = "denied"   // must not run
)

// Outcomes returns all of them.
func Outcomes() []Outcome { return []Outcome{Allowed, Adjusted, Denied} }

// Finding is one thing in a spec that breaks a rule. It never holds values of
// environment variables or arguments.
type Finding struct {
	Found   string `json:"found"`             // such as "NET_ADMIN not allowed"
	Allowed string `json:"allowed,omitempty"` // what would be allowed, "" where Found says it all

	// Fix says what to change in the pod, in the names of the Kubernetes API, such as "set
	// securityContext.runAsNonRoot: true"; "" if no field of a pod helps. "securityContext" is the
	// container's, "spec.securityContext" the pod's.
	Fix string `json:"fix,omitempty"`

	listed *listed // while rules are asked: the list in Found; nil for none
}

func (f Finding) String() string {
	if f.Allowed == "" {
		return f.Found
	}
	return f.Found + " (allowed: " + f.Allowed + ")"
}

// Violation is a finding and the rule that it breaks.
type Violation struct {
	Policy string `json:"policy"`
	Rule   string `json:"rule"`
	Finding
}

// Excepted is a violation that an exception excuses.
type Excepted struct {
	Violation
	Exception string `json:"exception"`
}

// Adjustment is one edit that a rule made, in words.
type Adjustment struct {
	Policy string `json:"policy"`
	Rule   string `json:"rule"`
	Change string `json:"change"`
}

// Decision is the judgement of one container.
type Decision struct {
	// Policies are the names of the policies that matched, in order.
	Policies []string

	// Enforced reports whether any of them is in mode enforce.
	Enforced bool

	// Violations deny the container.
	Violations []Violation

	// Ended denies the container: the subject's Done was closed before all rules
	// were asked.
	Ended bool

	// Unadjusted: a violation is of a rule that would have adjusted, but the spec is Fixed.
	Unadjusted bool

	// AwaitsSpec: a rule in force that is checked against the spec as it came (on: request) cannot
	// be decided by a Partial spec. Until it is, nothing must be adjusted.
	AwaitsSpec bool

	// Audit holds violations that are only reported, and Excepted those that
	// an exception excuses.
	Audit    []Violation
	Excepted []Excepted

	// Adjustments are the edits that lead to Spec. If there are also Violations, they have no
	// effect.
	Adjustments []Adjustment

	// Fields are the same edits field by field, in the order in which rules made them.
	// MoreFields is how many more there are than are listed.
	Fields     []FieldChange
	MoreFields int

	// Spec is the spec that may run: the judged one, or an edited copy. It must not be used for
	// a denied container.
	Spec *specs.Spec

	// Mounts must be compared with the kernel's mounts before the container starts. It is nil
	// if no comparison is needed, and while the spec is Partial.
	Mounts *JudgedMounts

	// IfEnforced is the decision if the policies in mode audit were in mode enforce. It is nil
	// if none of them matches, and while the spec is Partial.
	IfEnforced *Decision
}

// Outcome sums the decision up.
func (d *Decision) Outcome() Outcome {
	switch {
	case len(d.Violations) > 0 || d.Ended:
		return Denied
	case len(d.Adjustments) > 0:
		return Adjusted
	default:
		return Allowed
	}
}

// maxNamed is how many violations a denial spells out: an event has room for
// about a thousand characters.
const maxNamed = 6

// maxDenied and maxFixes bound what a denial says of what was found and of what to change, in bytes.
const (
	maxDenied = 2800
	maxFixes  = 1000
)

// fixes are what the pod's author writes, each once, of the violations that a
// denial spells out.
func (d *Decision) fixes() []string {
	var out []string
	for _, v := range d.Violations[:min(len(d.Violations), maxNamed)] {
		if v.Fix != "" && !slices.Contains(out, v.Fix) {
			out = append(out, v.Fix)
		}
	}
	return out
}

// Message is the denial in one line, for the person who reads the pod's
// events; "" where nothing is denied.
func (d *Decision) Message() string {
	switch {
	case d.Ended:
		return "specguard: not judged in time, refused"
	case len(d.Violations) == 0:
		return ""
	}
	var b strings.Builder
	b.WriteString("specguard: denied by ")
	last := ""
	for i, v := range d.Violations {
		if i == maxNamed {
			fmt.Fprintf(&b, "; and %d more", len(d.Violations)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		if v.Policy != last {
			fmt.Fprintf(&b, "policy %q: ", v.Policy)
			last = v.Policy
		}
		fmt.Fprintf(&b, "%s: %s", v.Rule, v.Finding)
	}
	text := upTo(b.String(), maxDenied)
	if d.Unadjusted {
		text += " (policy would adjust it; on this node specguard can only deny containers)"
	}
	if fixes := d.fixes(); len(fixes) > 0 {
		text += ". In the pod: " + upTo(strings.Join(fixes, "; "), maxFixes)
	}
	return text
}
