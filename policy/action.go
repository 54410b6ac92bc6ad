package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/specguard/specguard/internal/strict"
)

// Action is what a rule does about a container that breaks it.
type Action string

// The actions. Reject is the default.
const (
	Reject Action = "reject" // the container is denied
	Adjust Action = "adjust" // the spec is edited until it complies; if it cannot be, the container is denied
	Audit  Action = "audit"  // the violation is only reported
	Ignore Action = "ignore" // the rule is off; turns off a rule of the profile
)

// UnmarshalText reads an action; an unknown one is an error that names the
// known ones.
func (a *Action) UnmarshalText(text []byte) error {
	return oneOf(a, text, Reject, Adjust, Audit, Ignore)
}

// JSONSchema lists the actions.
func (Action) JSONSchema() map[string]any { return strict.Enum(Reject, Adjust, Audit, Ignore) }

// policyAction is the action of a whole policy, which is never Ignore.
type policyAction Action

// UnmarshalText reads an action; an unknown one, and Ignore, is an error.
func (a *policyAction) UnmarshalText(text []byte) error {
	return oneOf((*Action)(a), text, Reject, Adjust, Audit)
}

// JSONSchema lists the actions.
func (policyAction) JSONSchema() map[string]any { return strict.Enum(Reject, Adjust, Audit) }

// Moment says which of a container's specs a rule is checked against.
type Moment string

// The moments. OnResult is the default.
const (
	OnRequest Moment = "request" // the spec as it came, after other NRI plugins and before any adjustment by specguard
	OnResult  Moment = "result"  // the spec as it will run
)

// UnmarshalText reads a moment; an unknown one is an error that names the
// known ones.
func (m *Moment) UnmarshalText(text []byte) error { return oneOf(m, text, OnRequest, OnResult) }

// JSONSchema lists the moments.
func (Moment) JSONSchema() map[string]any { return strict.Enum(OnRequest, OnResult) }

// Mode says whether a policy is in force.
type Mode string

// The modes. Enforce is the default.
const (
	ModeEnforce Mode = "enforce" // denies and adjusts
	ModeAudit   Mode = "audit"   // decides, reports and counts; changes nothing
)

// UnmarshalText reads a mode; an unknown one is an error that names the known
// ones.
func (m *Mode) UnmarshalText(text []byte) error {
	return oneOf(m, text, ModeEnforce, ModeAudit)
}

// JSONSchema lists the modes.
func (Mode) JSONSchema() map[string]any { return strict.Enum(ModeEnforce, ModeAudit) }

func oneOf[T ~string](out *T, text []byte, allowed ...T) error {
	if !slices.Contains(allowed, T(text)) {
		names := make([]string, len(allowed))
		for i, a := range allowed {
			names[i] = string(a)
		}
		return fmt.Errorf("%q is not one of %s", text, strings.Join(names, ", "))
	}
	*out = T(text)
	return nil
}
