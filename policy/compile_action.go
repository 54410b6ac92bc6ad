package policy

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/strict"
)

// fieldOnViolation is the rules' field that says what to do about a violation.
const fieldOnViolation = "onViolation"

// fieldOn is the rules' field that says which spec they are checked against.
const fieldOn = "on"

// buildFor decodes a rule of a policy whose onViolation is the action; "" for none. inherited
// is what its profile says of the rule, and own what it says itself; nil for nothing. A rule
// that says itself what to do keeps that, and so does one that cannot adjust as it is written.
func (k kind) buildFor(action Action, inherited []*yaml.Node, own *yaml.Node) (rule Rule, errs, warnings []strict.Error) {
	layers := slices.Clip(inherited)
	if own != nil {
		layers = append(layers, own)
	}
	says := own != nil && (own.Kind != yaml.MappingNode || fieldOf(own, fieldOnViolation) != nil)
	if action == "" || says || action == Adjust && !k.canAdjust() {
		return k.build(layers)
	}
	rule, errs, warnings = k.build(append(slices.Clip(inherited), withAction(own, action)))
	if len(errs) > 0 && action == Adjust {
		if plain, faults, doubts := k.build(layers); len(faults) == 0 {
			for _, e := range errs {
				e.Msg = fmt.Sprintf("the rule does not adjust, as the policy says, but has onViolation: %s, because of this: %s", plain.Action(), e.Msg)
				doubts = append(doubts, e)
			}
			return plain, nil, doubts
		}
	}
	return rule, errs, warnings
}

// onlyIgnores reports whether all that a policy says of a rule is that it is off.
func onlyIgnores(own *yaml.Node) bool {
	return own != nil && len(own.Content) == 2 && valueOf(own, fieldOnViolation).Value == string(Ignore)
}

// withAction is what a policy says of a rule, nil for nothing, and the action.
func withAction(own *yaml.Node, action Action) *yaml.Node {
	out := yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	if own != nil {
		out = *own
	}
	out.Content = append(slices.Clip(out.Content),
		&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: fieldOnViolation, Line: out.Line, Column: out.Column},
		&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: string(action), Line: out.Line, Column: out.Column})
	return &out
}

// noteUnadjusted notes which rules onViolation: adjust of a policy does not reach.
func (c *compiler) noteUnadjusted(d header, rules []compiledRule) {
	var names []string
	for _, r := range rules {
		own := fieldOf(d.spec, "rules")
		if own != nil {
			own = fieldOf(own, r.name)
		}
		if r.Action() != Adjust && (own == nil || fieldOf(own, fieldOnViolation) == nil) {
			names = append(names, r.name)
		}
	}
	if len(names) == 0 {
		return
	}
	if !slices.ContainsFunc(rules, func(r compiledRule) bool { return r.Action() == Adjust }) {
		c.warn(d.file, d.place(fieldOnViolation).Fault("no rule of the policy can adjust as it is written"))
	}
	note := d.place(fieldOnViolation).Fault("these rules cannot adjust as they are written, and keep what the profile says, or reject: %s",
		joined(names))
	c.notes = append(c.notes, Warning{File: d.file, Line: note.Line, Column: note.Column, Msg: note.Error()})
}
