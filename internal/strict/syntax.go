package strict

import (
	"regexp"
	"strconv"
)

// yamlLine finds the line in a message of the YAML parser.
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// unknownAnchor finds the one text of a document that the parser quotes. It may
// be a password that begins with *.
var unknownAnchor = regexp.MustCompile(`(?s)unknown anchor '.*' referenced`)

// SyntaxError returns a YAML parser's error with its place, without text of the document.
// The parser gives no column.
func SyntaxError(err error) Error {
	line := 1
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil && m[1] != "" {
		line, _ = strconv.Atoi(m[1]) // digits by the pattern
	}
	msg := unknownAnchor.ReplaceAllString(yamlLine.ReplaceAllString(err.Error(), ""),
		"an alias (*) without an anchor; put a text that begins with * in quotes")
	return Error{Line: line, Column: 1, Msg: "invalid YAML: " + msg}
}
