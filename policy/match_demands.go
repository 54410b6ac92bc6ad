package policy

import (
	"fmt"
	"maps"
	"slices"

	"github.com/specguard/specguard/internal/strict"
)

// demand is what a selector asks of one label.
type demand struct {
	values          []string // one of these; nil: any
	not             []string
	present, absent bool
}

// possible reports whether a pod can meet the demand.
func (d *demand) possible() bool {
	if d.absent {
		return !d.present
	}
	return d.values == nil || slices.ContainsFunc(d.values, func(v string) bool { return !slices.Contains(d.not, v) })
}

// among narrows the values.
func (d *demand) among(values []string) {
	d.present = true
	if d.values == nil {
		d.values = values
		return
	}
	d.values = slices.DeleteFunc(slices.Clone(d.values), func(v string) bool { return !slices.Contains(values, v) })
}

// demands is what selectors ask, by label.
type demands map[string]*demand

func (d demands) of(key string) *demand {
	if d[key] == nil {
		d[key] = &demand{}
	}
	return d[key]
}

// add adds what the selector asks. It is an error if no pod can meet all.
func (d demands) add(l *LabelSelector) error {
	for _, k := range slices.Sorted(maps.Keys(l.MatchLabels)) {
		if d.of(k).among([]string{l.MatchLabels[k]}); !d.of(k).possible() {
			return fmt.Errorf("no pod meets all that is asked of the label %s", k)
		}
	}
	for i, e := range l.MatchExpressions {
		label := d.of(e.Key)
		switch e.Operator {
		case "In":
			label.among(e.Values)
		case "NotIn":
			label.not = append(label.not, e.Values...)
		case "Exists":
			label.present = true
		case "DoesNotExist":
			label.absent = true
		}
		if !label.possible() {
			return strict.Entry("matchExpressions", i, "no pod meets this and what is asked of the label %s before it", e.Key)
		}
	}
	return nil
}

// requirements are all that the selector requires, as expressions.
func (l *LabelSelector) requirements() []LabelRequirement {
	out := slices.Clone(l.MatchExpressions)
	for k, v := range l.MatchLabels {
		out = append(out, LabelRequirement{Key: k, Operator: "In", Values: []string{v}})
	}
	return out
}

// opposite is what a pod meets that does not meet the requirement.
func (r LabelRequirement) opposite() *LabelSelector {
	operators := map[LabelOperator]LabelOperator{"In": "NotIn", "NotIn": "In", "Exists": "DoesNotExist", "DoesNotExist": "Exists"}
	r.Operator = operators[r.Operator]
	return &LabelSelector{MatchExpressions: []LabelRequirement{r}}
}

// leavesPods reports whether a pod can meet the one selector, nil for any pod, and not the other.
func leavesPods(selector, excluded *LabelSelector) bool {
	return slices.ContainsFunc(excluded.requirements(), func(r LabelRequirement) bool {
		return possibleTogether(selector, r.opposite())
	})
}

// possibleTogether reports whether a pod can meet all of the selectors; nil asks for nothing.
func possibleTogether(selectors ...*LabelSelector) bool {
	all := make(demands)
	for _, l := range selectors {
		if l != nil && all.add(l) != nil {
			return false
		}
	}
	return true
}
