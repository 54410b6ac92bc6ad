package cli

import (
	"time"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/policy"
)

// effective is what effective prints as JSON.
type effective struct {
	Given    given             `json:"given"`
	Policies []effectivePolicy `json:"policies"`
	Rules    []effectiveRule   `json:"rules"`
}

// given is what flags have told; what they have not is left out.
type given struct {
	Namespace      string            `json:"namespace"`
	PodLabels      map[string]string `json:"podLabels,omitempty"`
	RuntimeHandler *string           `json:"runtimeHandler,omitempty"`
	Container      string            `json:"container,omitempty"`
	Image          string            `json:"image,omitempty"`
}

type effectivePolicy struct {
	Policy   string           `json:"policy"`
	Mode     policy.Mode      `json:"mode"`
	Priority int              `json:"priority"`
	Matches  policy.Certainty `json:"matches"`
	Why      []string         `json:"why,omitempty"`
}

type effectiveRule struct {
	Rule     string         `json:"rule"`
	Policies []rulePolicies `json:"policies"`
}

type rulePolicies struct {
	Policy      string               `json:"policy"`
	Mode        policy.Mode          `json:"mode"`
	Matches     policy.Certainty     `json:"matches"`
	OnViolation policy.Action        `json:"onViolation"`
	On          policy.Moment        `json:"on"`
	Parameters  any                  `json:"parameters"`
	Adjusting   string               `json:"adjusting,omitempty"` // what it does
	Exceptions  []effectiveException `json:"exceptions,omitempty"`
}

type effectiveException struct {
	Exception string           `json:"exception"`
	Owner     string           `json:"owner"`
	Reason    string           `json:"reason"`
	Ends      string           `json:"ends"` // a time, or never
	Applies   policy.Certainty `json:"applies"`
	Why       []string         `json:"why,omitempty"`
	Allow     any              `json:"allow,omitempty"` // in addition; without it, the rule does not hold
}

func newEffective(q policy.Question, s policy.Standing, adjusts map[string]string) effective {
	out := effective{
		Given:    given{Namespace: q.Namespace, PodLabels: q.Labels, Container: q.Container, Image: q.Image},
		Policies: []effectivePolicy{}, Rules: []effectiveRule{},
	}
	if !q.HandlerUnseen {
		out.Given.RuntimeHandler = &q.RuntimeHandler
	}
	for _, p := range s.Policies {
		out.Policies = append(out.Policies, effectivePolicy{
			Policy: p.Name, Mode: p.Mode, Priority: p.Priority, Matches: p.Matches, Why: p.Why,
		})
	}
	for _, r := range s.Rules {
		rule := effectiveRule{Rule: r.Rule}
		for _, of := range r.Policies {
			adjusting := ""
			if of.OnViolation == policy.Adjust {
				adjusting = adjusts[r.Rule]
			}
			rule.Policies = append(rule.Policies, rulePolicies{
				Policy: of.Policy, Mode: of.Mode, Matches: of.Matches, OnViolation: of.OnViolation, On: of.On,
				Parameters: valueOf(of.Parameters), Adjusting: adjusting, Exceptions: effectiveExceptions(of.Exceptions),
			})
		}
		out.Rules = append(out.Rules, rule)
	}
	return out
}

func effectiveExceptions(all []policy.ExceptionStanding) []effectiveException {
	var out []effectiveException
	for _, x := range all {
		out = append(out, effectiveException{
			Exception: x.Name, Owner: x.Owner, Reason: x.Reason, Ends: endOf(&x.Exception), Applies: x.Applies, Why: x.Why,
			Allow: valueOf(x.Allow),
		})
	}
	return out
}

// endOf is when an exception ends, or never.
func endOf(e *policy.Exception) string {
	if e.Never() {
		return "never"
	}
	return e.Ends.Format(time.RFC3339)
}

// valueOf is a part of a document as a value for JSON; nil for none.
func valueOf(n *yaml.Node) any {
	var v any
	if n == nil || n.Decode(&v) != nil { // what was just written can be decoded
		return nil
	}
	return v
}
