// Package breakage warns of what adjusting a container is likely to break in it. A warning is a
// guess from the spec and the pod's manifest: it knows nothing of the program in the container.
package breakage

import (
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/manifest"
	"github.com/specguard/specguard/internal/oneline"
	"github.com/specguard/specguard/policy"
)

// Kind is a kind of warnings.
type Kind string

// The kinds.
const (
	AddedCapability       Kind = "addedCapability"
	ChangedUser           Kind = "changedUser"
	UnreadableFiles       Kind = "unreadableFiles"
	UnreadableToken       Kind = "unreadableToken"
	RootWithoutCapability Kind = "rootWithoutCapability"
	UnusableCapability    Kind = "unusableCapability"
	NoWritablePath        Kind = "noWritablePath"
	LimitBelowRequest     Kind = "limitBelowRequest"
	WritableVolumeRemoved Kind = "writableVolumeRemoved"
)

// Kinds are all of them.
func Kinds() []Kind {
	var out []Kind
	for _, k := range kinds() {
		out = append(out, k.kind)
	}
	return out
}

// Warning is one thing that is likely to break.
type Warning struct {
	Kind   Kind   `json:"kind"`
	Policy string `json:"policy"` // whose rule adjusts
	Rule   string `json:"rule"`
	Text   string `json:"text"`
}

// found is a warning that is not yet attributed to a rule: field is the field of the spec that was
// adjusted.
type found struct{ field, text string }

// adjustment is what a kind of warnings looks at.
type adjustment struct {
	before, after *specs.Spec
	facts         *manifest.Facts // nil if there is no manifest
}

func kinds() []struct {
	kind Kind
	find func(*adjustment) []found
} {
	return []struct {
		kind Kind
		find func(*adjustment) []found
	}{
		{AddedCapability, addedCapability},
		{ChangedUser, changedUser},
		{UnreadableFiles, func(a *adjustment) []found { return unreadable(a, false) }},
		{UnreadableToken, func(a *adjustment) []found { return unreadable(a, true) }},
		{RootWithoutCapability, rootWithoutCapability},
		{UnusableCapability, unusableCapability},
		{NoWritablePath, noWritablePath},
		{LimitBelowRequest, limitBelowRequest},
		{WritableVolumeRemoved, writableVolumeRemoved},
	}
}

// Warnings says what the decision about the container is likely to break. Facts are those of the
// pod's manifest; nil if there is none. A container that is not adjusted has no warnings.
func Warnings(sub *policy.Subject, facts *manifest.Facts, d *policy.Decision) []Warning {
	if d.Outcome() != policy.Adjusted || sub.Spec.Process == nil {
		return nil
	}
	a := &adjustment{before: sub.Spec, after: d.Spec, facts: facts}
	var out []Warning
	for _, k := range kinds() {
		for _, f := range k.find(a) {
			w := Warning{Kind: k.kind, Text: oneline.Of(f.text)}
			w.Policy, w.Rule = ruleOf(d, f.field)
			out = append(out, w)
		}
	}
	return out
}

// ruleOf is the rule that edited the field first.
func ruleOf(d *policy.Decision, field string) (policyName, rule string) {
	for _, f := range d.Fields {
		if f.Field == field || strings.HasPrefix(f.Field, field+".") {
			return f.Policy, f.Rule
		}
	}
	return "", ""
}
