package policy

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/bmatcuk/doublestar/v4"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/specguard/specguard/internal/strict"
)

// protectedNamespace is matched only by a policy that names it in full: a
// wildcard must not keep a node from starting its own components.
const protectedNamespace = "kube-system"

// Match says which containers a policy applies to. All given parts must match. An empty Match
// matches every container.
type Match struct {
	// Namespaces lists patterns of pods' namespaces. Only the full name kube-system matches
	// kube-system.
	// Default: all but kube-system.
	Namespaces []Glob `yaml:"namespaces"`

	// ExcludeNamespaces lists patterns of namespaces that do not match.
	// Default: none.
	ExcludeNamespaces []Glob `yaml:"excludeNamespaces"`

	// PodSelector selects by the pod's labels.
	// Default: any labels.
	PodSelector *LabelSelector `yaml:"podSelector"`

	// Containers lists patterns of container names.
	// Default: any.
	Containers []Glob `yaml:"containers"`

	// Images lists patterns of images. A pattern may match the reference that was asked for or
	// the one that the runtime stores. A short name stands for its full name: redis is
	// docker.io/library/redis. A pattern without a tag and a digest covers all of them. **
	// crosses slashes.
	// Default: any.
	Images []ImagePattern `yaml:"images"`

	// RuntimeHandlers lists patterns of runtime handlers of pods; "" is the
	// runtime's default.
	// Default: any.
	RuntimeHandlers []Glob `yaml:"runtimeHandlers"`

	// MatchConditions are conditions in CEL, as in Kubernetes' admission policies. All must be
	// true. They can use the variables of rule custom, except the spec. If one cannot be
	// evaluated, a policy applies to the container, and an exception does not.
	MatchConditions []MatchCondition `yaml:"matchConditions"`

	env *environment // of the conditions
}

// empty reports whether the match is for every container.
func (m *Match) empty() bool { return reflect.ValueOf(*m).IsZero() }

// JSONSchema says what Validate requires of the lists.
func (Match) JSONSchema() map[string]any {
	named := strict.NotEmpty()
	named["items"] = map[string]any{"minLength": 1}
	return map[string]any{"properties": map[string]any{
		"namespaces": named, "excludeNamespaces": named, "containers": named, "images": strict.NotEmpty(), "runtimeHandlers": strict.NotEmpty(),
		"matchConditions": strict.NotEmpty(),
	}}
}

// Validate rejects a match that can never match.
func (m *Match) Validate() error {
	for _, l := range []struct {
		key   string
		globs []Glob
	}{
		{"namespaces", m.Namespaces},
		{"excludeNamespaces", m.ExcludeNamespaces},
		{"containers", m.Containers},
		{"runtimeHandlers", m.RuntimeHandlers},
	} {
		if l.globs != nil && len(l.globs) == 0 {
			return strict.Field(l.key, "is an empty list; leave it out to match all")
		}
		if l.key != "runtimeHandlers" && slices.Contains(l.globs, "") {
			return strict.Field(l.key, "has an empty pattern, which never matches")
		}
	}
	excluded := func(g Glob) bool {
		return slices.Contains(m.ExcludeNamespaces, g) || matchAny(m.ExcludeNamespaces, string(g))
	}
	if len(m.Namespaces) > 0 && !slices.ContainsFunc(m.Namespaces, func(g Glob) bool { return !excluded(g) }) {
		return strict.Field("excludeNamespaces", "leaves no namespace to match")
	}
	if len(m.Namespaces) == 0 && (slices.Contains(m.ExcludeNamespaces, "*") || slices.Contains(m.ExcludeNamespaces, "**")) {
		return strict.Field("excludeNamespaces", "leaves no namespace to match")
	}
	if m.Images != nil && len(m.Images) == 0 {
		return strict.Field("images", "is an empty list; leave it out to match all")
	}
	if m.MatchConditions != nil && len(m.MatchConditions) == 0 {
		return strict.Field("matchConditions", "is an empty list; leave it out to match all")
	}
	for i, c := range m.MatchConditions {
		if slices.ContainsFunc(m.MatchConditions[:i], func(o MatchCondition) bool { return o.Name == c.Name }) {
			return strict.Field("matchConditions", "has two entries with the name %q", c.Name)
		}
	}
	return nil
}

func (m *Match) namespace(ns string) bool {
	if ns == protectedNamespace && !slices.Contains(m.Namespaces, Glob(ns)) {
		return false
	}
	return matches(m.Namespaces, ns) && !matchAny(m.ExcludeNamespaces, ns)
}

// answer is whether a container is matched.
type answer int

const (
	no answer = iota
	yes
	unknown // it depends on what is not known of the container (yet)
)

// container asks all but the namespace.
func (m *Match) container(s *Subject) answer {
	if !matches(m.Containers, s.Container.Name) ||
		!matches(m.RuntimeHandlers, s.Pod.RuntimeHandler) ||
		m.PodSelector != nil && !m.PodSelector.selector.Matches(labels.Set(s.Pod.Labels)) {
		return no
	}
	a := m.image(&s.Container)
	if a == no || len(m.MatchConditions) == 0 {
		return a
	}
	return m.conditions(s, a)
}

func (m *Match) image(c *Container) answer {
	switch {
	case len(m.Images) == 0:
		return yes
	case c.Image == "" && !(c.ImageUnseen && len(c.OtherImages) > 0):
		return unknown
	case c.Image != "" && matchImage(m.Images, c.Image) ||
		slices.ContainsFunc(c.OtherImages, func(i string) bool { return matchImage(m.Images, i) }):
		return yes
	default:
		return no
	}
}

func matches(globs []Glob, s string) bool { return len(globs) == 0 || matchAny(globs, s) }

func matchAny(globs []Glob, s string) bool {
	return slices.ContainsFunc(globs, func(g Glob) bool { return g.Match(s) })
}

// Glob is a pattern of names: * matches anything but a slash, ** slashes too, ?
// one character, [a-z] one of a class, {a,b} either.
type Glob string

// UnmarshalText reads a glob; one that is malformed is an error.
func (g *Glob) UnmarshalText(text []byte) error {
	if !doublestar.ValidatePattern(string(text)) {
		return fmt.Errorf("%q is not a valid pattern (allowed: names with *, **, ?, [class], {a,b})", text)
	}
	*g = Glob(text)
	return nil
}

// JSONSchema requires any text: JSON Schema has no words for the patterns.
func (Glob) JSONSchema() map[string]any {
	return strict.Named("pattern", map[string]any{"type": "string"})
}

// Match reports whether the pattern matches the whole of s.
func (g Glob) Match(s string) bool {
	return string(g) == s || g == "**" || doublestar.MatchUnvalidated(string(g), s)
}

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
	return nil
}

func (l *LabelSelector) require(field, key string, op selection.Operator, values []string) error {
	r, err := labels.NewRequirement(key, op, values)
	if err != nil {
		return strict.Field(field, "%s", err)
	}
	l.selector = l.selector.Add(*r)
	return nil
}
