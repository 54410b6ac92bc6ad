package policy

import (
	"fmt"
	"strings"
)

// few joins names for a message, and counts those for which it has no room.
func few[T ~string](names []T) string {
	if len(names) <= maxListed {
		return joined(names)
	}
	return fmt.Sprintf("%s and %d more", joined(names[:maxListed]), len(names)-maxListed)
}

// maxListed is how many names a message lists.
const maxListed = 6

// joined joins names for a message.
func joined[T ~string](names []T) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = string(n)
	}
	return strings.Join(out, ", ")
}

// listOrNone joins names for a message that says what is allowed.
func listOrNone[T ~string](names []T) string {
	if len(names) == 0 {
		return "none"
	}
	return joined(names)
}
