package policytest

import (
	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/strict"
	"github.com/specguard/specguard/policy"
)

// expectation is what is expected of a decision. What is not given is not
// looked at.
type expectation struct {
	decision `yaml:",inline"`

	// IfEnforced is the expected decision if the policies in mode audit were in mode enforce.
	IfEnforced *decision `yaml:"ifEnforced"`
}

// decision is what is expected of one decision.
type decision struct {
	// Outcome is allowed, adjusted or denied. It is required.
	Outcome outcome `yaml:"outcome"`

	// Message is what the user sees of a denial.
	Message *pattern `yaml:"message"`

	// Policies are the names of the policies that match, in any order.
	Policies []string `yaml:"policies"`

	findings `yaml:",inline"`

	// Spec is a part of the spec that may run. Of an object, only the given members are
	// compared; null means that the member must not be there. A list of plain values must have
	// exactly these values, in any order. Of a list of objects, each given object must be
	// there.
	Spec yaml.Node `yaml:"spec"`
}

// findings are what rules have to find and do: just that.
type findings struct {
	// Violations are what denies the container.
	Violations []violation `yaml:"violations"`

	// Audit are violations that are only reported.
	Audit []violation `yaml:"audit"`

	// Excepted are violations that exceptions excuse.
	Excepted []excepted `yaml:"excepted"`

	// Changes are what adjusting does.
	Changes []change `yaml:"changes"`

	// Warnings are what adjusting is likely to break.
	Warnings []warning `yaml:"warnings"`
}

// violation, excepted, change and warning are entries of a decision. What is not given
// is not looked at.
type violation struct {
	// Policy is the policy's name.
	Policy *pattern `yaml:"policy"`

	// Rule is the rule's name.
	Rule ruleName `yaml:"rule"`

	// Found says what is there.
	Found *pattern `yaml:"found"`

	// Allowed says what would be allowed.
	Allowed *pattern `yaml:"allowed"`
}

type excepted struct {
	violation `yaml:",inline"`

	// Exception is the exception's name.
	Exception *pattern `yaml:"exception"`
}

type change struct {
	// Policy is the policy's name.
	Policy *pattern `yaml:"policy"`

	// Rule is the rule's name.
	Rule ruleName `yaml:"rule"`

	// Change says what is done.
	Change *pattern `yaml:"change"`
}

type warning struct {
	// Kind is the kind of the warning.
	Kind warningKind `yaml:"kind"`

	// Policy is the policy's name.
	Policy *pattern `yaml:"policy"`

	// Rule is the rule's name.
	Rule ruleName `yaml:"rule"`

	// Text says what is likely to break.
	Text *pattern `yaml:"text"`
}

// JSONSchema says what Validate requires.
func (decision) JSONSchema() map[string]any { return strict.Required("outcome") }

// Validate requires an outcome, and no spec of what is denied.
func (d *decision) Validate() error {
	switch {
	case d.Outcome == "":
		return strict.Field("outcome", "is missing (allowed: allowed, adjusted, denied)")
	case d.Outcome == outcome(policy.Denied) && d.Spec.Kind != 0:
		return strict.Field("spec", "a denied container does not run, so it has no spec")
	case d.Outcome != outcome(policy.Denied) && d.Message != nil:
		return strict.Field("message", "only a denied container has a message")
	}
	return nil
}
