// Package oneline keeps text of others on one line.
package oneline

import (
	"strings"
	"unicode"
)

// Of returns the text with a blank for each character that cannot be printed, such as one
// that ends a line, moves the cursor or hides what follows.
func Of(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}
