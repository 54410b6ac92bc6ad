package policy

import (
	"slices"

	"github.com/bmatcuk/doublestar/v4"

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

	// ExcludePodSelector selects, by the pod's labels, pods that do not match.
	// Default: none.
	ExcludePodSelector *LabelSelector `yaml:"excludePodSelector"`

	// Containers lists patterns of container names.
	// Default: any.
	Containers []Glob `yaml:"containers"`

	// ExcludeContainers lists patterns of names of containers that do not match.
	// Default: none.
	ExcludeContainers []Glob `yaml:"excludeContainers"`

	// Images lists patterns of images. In a policy, a pattern may match the reference that was
	// asked for or the one that the runtime stores. In an exception, only the one that the
	// runtime stores counts. A short name stands for its full name: redis is
	// docker.io/library/redis. A pattern without a tag and a digest covers all of them. **
	// crosses slashes.
	// Default: any.
	Images []ImagePattern `yaml:"images"`

	// ExcludeImages lists patterns of images that do not match. In a policy, only the reference
	// that the runtime stores counts: whoever calls CRI can claim others. An image that is not
	// known is not excluded. In an exception, every reference counts, and an image that is not
	// known is excluded.
	// Default: none.
	ExcludeImages []ImagePattern `yaml:"excludeImages"`

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

// JSONSchema says what Validate requires of the lists.
func (Match) JSONSchema() map[string]any {
	named := strict.NotEmpty()
	named["items"] = map[string]any{"minLength": 1}
	return map[string]any{"properties": map[string]any{
		"namespaces": named, "excludeNamespaces": named, "containers": named, "excludeContainers": named, "images": strict.NotEmpty(),
		"excludeImages": strict.NotEmpty(), "runtimeHandlers": strict.NotEmpty(), "matchConditions": strict.NotEmpty(),
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
		{"excludeContainers", m.ExcludeContainers},
		{"runtimeHandlers", m.RuntimeHandlers},
	} {
		if l.globs != nil && len(l.globs) == 0 {
			return strict.Field(l.key, "is an empty list; leave it out to match all")
		}
		if l.key != "runtimeHandlers" && slices.Contains(l.globs, "") {
			return strict.Field(l.key, "has an empty pattern, which never matches")
		}
	}
	if m.Images != nil && len(m.Images) == 0 {
		return strict.Field("images", "is an empty list; leave it out to match all")
	}
	if m.ExcludeImages != nil && len(m.ExcludeImages) == 0 {
		return strict.Field("excludeImages", "is an empty list; leave it out to match all")
	}
	excluded := func(p ImagePattern) bool { return coveredBy(m.ExcludeImages, p) >= 0 }
	if excluded(everyImage) || len(m.Images) > 0 && !slices.ContainsFunc(m.Images, func(p ImagePattern) bool { return !excluded(p) }) {
		return strict.Field("excludeImages", "leaves no image to match")
	}
	if m.MatchConditions != nil && len(m.MatchConditions) == 0 {
		return strict.Field("matchConditions", "is an empty list; leave it out to match all")
	}
	for i, c := range m.MatchConditions {
		if slices.ContainsFunc(m.MatchConditions[:i], func(o MatchCondition) bool { return o.Name == c.Name }) {
			return strict.Field("matchConditions", "has two entries with the name %q", c.Name)
		}
	}
	return m.possible()
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
	if !m.named(s.Container.Name) ||
		!matches(m.RuntimeHandlers, s.Pod.RuntimeHandler) ||
		m.PodSelector != nil && !m.PodSelector.matches(&s.Pod) ||
		m.ExcludePodSelector != nil && !s.Pod.LabelsUnseen && m.ExcludePodSelector.matches(&s.Pod) {
		return no
	}
	a := m.image(&s.Container)
	if a == no || len(m.MatchConditions) == 0 {
		return a
	}
	return m.conditions(s, a)
}

// named asks what is said of the container's name. Only a caller of CRI can choose a name that
// Kubernetes does not have, such as one with a slash: no pattern decides about it, so that a
// policy applies, and an exception does not.
func (m *Match) named(name string) bool {
	if matches(m.Containers, name) && !matchAny(m.ExcludeContainers, name) {
		return true
	}
	return misnamedContainer(name)
}

// image asks what is said of images.
func (m *Match) image(c *Container) answer {
	a := m.included(c)
	switch {
	case a == no || len(m.ExcludeImages) == 0:
		return a
	case c.Image != "" && matchImage(m.ExcludeImages, c.Image):
		return no
	case c.Image == "" && !c.ImageUnseen:
		return unknown
	default:
		return a
	}
}

// mayExclude reports whether the container is excluded, by any reference of its image; unknown
// where that cannot be told.
func (m *Match) mayExclude(s *Subject) answer {
	a := no
	if m.ExcludePodSelector != nil {
		switch {
		case s.Pod.LabelsUnseen:
			a = unknown
		case m.ExcludePodSelector.matches(&s.Pod):
			return yes
		}
	}
	if len(m.ExcludeImages) > 0 {
		excluded := func(image string) bool { return matchAnyName(m.ExcludeImages, image) }
		switch c := &s.Container; {
		case c.Image != "" && excluded(c.Image) || slices.ContainsFunc(c.OtherImages, excluded):
			return yes
		case c.Image == "":
			a = unknown
		}
	}
	return a
}

// included asks what is said of images to include.
func (m *Match) included(c *Container) answer {
	switch {
	case len(m.Images) == 0:
		return yes
	case c.Image == "" && !(c.ImageUnseen && len(c.OtherImages) > 0):
		return unknown
	case c.Image != "" && matchAnyName(m.Images, c.Image) ||
		slices.ContainsFunc(c.OtherImages, func(i string) bool { return matchAnyName(m.Images, i) }):
		return yes
	default:
		return no
	}
}

func matches(globs []Glob, s string) bool { return len(globs) == 0 || matchAny(globs, s) }

func matchAny(globs []Glob, s string) bool {
	return slices.ContainsFunc(globs, func(g Glob) bool { return g.Match(s) })
}

// Glob is a pattern of names: * matches any text without a slash, ** any text, ? one character,
// [a-z] one of a class, {a,b} either.
type Glob string

// UnmarshalText reads a glob; one that is malformed, or that can never match, is an error.
func (g *Glob) UnmarshalText(text []byte) error {
	if err := readPattern(text); err != nil {
		return err
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
