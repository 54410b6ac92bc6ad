// Package oneline keeps text that others have written from making lines of its own.
package oneline

import (
	"strings"
	"unicode"
)

// Of is the text with a blank for each character that cannot be printed: one that ends a line,
// moves the cursor or hides what follows.
func Of(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}
