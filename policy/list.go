package policy

import (
	"fmt"
	"strings"

	"github.com/specguard/specguard/internal/oneline"
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

// maxText bounds what one finding or change says, in bytes: the names of one may be as long as their
// container's author likes.
const maxText = 1000

// lineOf is text of others in one line, and not too long.
func lineOf(text string) string { return upTo(oneline.Of(text), maxText) }

// upTo is the text, cut to that many bytes.
func upTo(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most-len("...")], "") + "..."
}

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
