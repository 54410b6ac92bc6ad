package globs

import (
	"slices"
	"strings"
)

// left is the list without patterns of which nothing is left for certain: those that none has
// too, and names that its patterns match.
func left(list, none []string) []string {
	if len(none) == 0 {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(p string) bool {
		return slices.Contains(none, p) || !strings.ContainsAny(p, `*?[{\`) && matches(none, p)
	})
}
