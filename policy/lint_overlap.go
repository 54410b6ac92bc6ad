package policy

import (
	"slices"

	"github.com/specguard/specguard/internal/globs"
)

// overlap reports whether there are certainly containers that both match.
func overlap(a, b *Match) bool {
	if len(a.MatchConditions)+len(b.MatchConditions) > 0 {
		return false // nobody knows
	}
	return sameNames(a, b) == globs.Some && samePods(a, b) && sameImages(a, b)
}

// sameNames tells whether there are names of namespaces, containers and runtime handlers that both match.
func sameNames(a, b *Match) globs.Answer {
	all := globs.Some
	for _, part := range []struct {
		form     globs.Names
		patterns [][]string
		none     []string
	}{
		{globs.DNSLabels(), groups(a.Namespaces, b.Namespaces), append(a.otherNamespaces(), b.otherNamespaces()...)},
		{globs.DNSLabels(), groups(a.Containers, b.Containers), texts(append(slices.Clip(a.ExcludeContainers), b.ExcludeContainers...))},
		{globs.OptionalDNSLabels(), groups(a.RuntimeHandlers, b.RuntimeHandlers), nil},
	} {
		switch _, answer := globs.Find(part.form, part.patterns, part.none); answer {
		case globs.None:
			return globs.None
		case globs.Unknown:
			all = globs.Unknown
		}
	}
	return all
}

// samePods reports whether a pod can have labels for both.
func samePods(a, b *Match) bool {
	selected := []*LabelSelector{a.PodSelector, b.PodSelector}
	return notExcluded(selected, a.ExcludePodSelector, b.ExcludePodSelector)
}

// notExcluded reports whether a pod can meet all the selectors, and none of those excluded.
func notExcluded(selectors []*LabelSelector, excluded ...*LabelSelector) bool {
	if len(excluded) == 0 {
		return possibleTogether(selectors...)
	}
	if excluded[0] == nil {
		return notExcluded(selectors, excluded[1:]...)
	}
	return slices.ContainsFunc(excluded[0].requirements(), func(r LabelRequirement) bool {
		return notExcluded(append(slices.Clip(selectors), r.opposite()), excluded[1:]...)
	})
}

// sameImages reports whether there is certainly an image for both.
func sameImages(a, b *Match) bool {
	if len(a.Images) == 0 && len(b.Images) == 0 {
		return true // what is excluded is not every image
	}
	if len(a.ExcludeImages)+len(b.ExcludeImages) > 0 {
		return false
	}
	return len(a.Images) == 0 || len(b.Images) == 0 ||
		slices.ContainsFunc(a.Images, func(p ImagePattern) bool { return slices.Contains(b.Images, p) })
}
