package policy

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/specguard/specguard/internal/strict"
)

// LabelSelector is Kubernetes' label selector. All that is given must hold.
type LabelSelector struct {
	// MatchLabels are labels that a pod must have, with their values.
	MatchLabels map[string]string `yaml:"matchLabels"`

	// MatchExpressions lists conditions for single labels.
	MatchExpressions []LabelRequirement `yaml:"matchExpressions"`

	selector labels.Selector
}

// LabelRequirement is one of a selector's matchExpressions.
type LabelRequirement struct {
	// Key is the label.
	Key string `yaml:"key"`

	// Operator says how the label's value is compared with the values.
	Operator LabelOperator `yaml:"operator"`

	// Values lists values for In and NotIn. The other operators have none.
	Values []string `yaml:"values"`
}

// JSONSchema says what makes a requirement.
func (LabelRequirement) JSONSchema() map[string]any { return strict.Required("key", "operator") }

// LabelOperator is In, NotIn, Exists or DoesNotExist.
type LabelOperator string

// UnmarshalText reads an operator; an unknown one is an error.
func (o *LabelOperator) UnmarshalText(text []byte) error {
	return oneOf(o, text, labelOperators()...)
}

// JSONSchema lists the operators.
func (LabelOperator) JSONSchema() map[string]any { return strict.Enum(labelOperators()...) }

func labelOperators() []LabelOperator {
	return []LabelOperator{"In", "NotIn", "Exists", "DoesNotExist"}
}

func (l *LabelSelector) matches(p *Pod) bool { return l.selector.Matches(labels.Set(p.Labels)) }

// JSONSchema says what Validate requires of the parts.
func (LabelSelector) JSONSchema() map[string]any { return map[string]any{"minProperties": 1} }

// Validate compiles the selector.
func (l *LabelSelector) Validate() error {
	if len(l.MatchLabels) == 0 && len(l.MatchExpressions) == 0 {
		return fmt.Errorf("needs matchLabels or matchExpressions")
	}
	l.selector = labels.NewSelector()
	for _, k := range slices.Sorted(maps.Keys(l.MatchLabels)) {
		if err := l.require("matchLabels", k, selection.Equals, []string{l.MatchLabels[k]}); err != nil {
			return err
		}
	}
	operators := map[LabelOperator]selection.Operator{
		"In": selection.In, "NotIn": selection.NotIn, "Exists": selection.Exists, "DoesNotExist": selection.DoesNotExist,
	}
	for _, e := range l.MatchExpressions {
		if err := l.require("matchExpressions", e.Key, operators[e.Operator], e.Values); err != nil {
			return err
		}
	}
	return make(demands).add(l)
}

func (l *LabelSelector) require(field, key string, op selection.Operator, values []string) error {
	r, err := labels.NewRequirement(key, op, values)
	if err != nil {
		return strict.Field(field, "%s", err)
	}
	l.selector = l.selector.Add(*r)
	return nil
}
