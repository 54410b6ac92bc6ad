package install

import (
	"fmt"
	"regexp"
	"strings"
)

// Changes in an operator's file carry a mark that says how to undo them. So no other record
// is needed, and later edits of the file stay.
const (
	// markAdded ends a line that was added.
	markAdded = " # specguard install: added"
	// markInstead follows a value, before the one that was there, and markEnd.
	markInstead = " # specguard install: instead of "
	markEnd     = " ;"
)

// added marks every line of a text that ends with a newline.
func added(text string) string {
	return strings.ReplaceAll(text, "\n", markAdded+"\n")
}

// appendLines adds marked lines to the end of a file.
func appendLines(data []byte, text string) []byte {
	if n := len(data); n > 0 && data[n-1] != '\n' {
		return append(append(data, '\n'), strings.TrimSuffix(added(text), "\n")...)
	}
	return append(data, added(text)...)
}

// instead returns the text for a new value in place of an old one, a literal.
func instead(value, literal string) (string, error) {
	if strings.Contains(literal, markEnd) || strings.Contains(literal, "\n") {
		return "", fmt.Errorf("the value %s cannot be replaced in a way that can be undone", literal)
	}
	return value + markInstead + literal + markEnd, nil
}

// unmark returns a file as it was without the marked edits.
func unmark(data []byte, importsElement string) []byte {
	mark := regexp.QuoteMeta(markAdded)
	last := regexp.MustCompile(`\n[^\n]*` + mark + `\z`)
	for last.Match(data) {
		data = last.ReplaceAll(data, nil)
	}
	data = regexp.MustCompile(`(?m)^[^\n]*`+mark+`\n`).ReplaceAll(data, nil)
	replaced := regexp.MustCompile(`"[^"\n]*"` + regexp.QuoteMeta(markInstead) + `(.*?)` + regexp.QuoteMeta(markEnd))
	data = replaced.ReplaceAll(data, []byte("${1}"))
	text := strings.ReplaceAll(string(data), ", "+importsElement, "")
	return []byte(strings.ReplaceAll(text, importsElement, ""))
}
