package strict

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	located "go.yaml.in/yaml/v4"
)

// yamlLine finds the line in a message of the YAML parser.
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// unknownAnchor finds the one text of a document that the parser quotes. It may
// be a password that begins with *.
var unknownAnchor = regexp.MustCompile(`(?s)unknown anchor '.*' referenced`)

// SyntaxError returns the YAML parser's error about the text, with its place and without words of
// the text. What is never closed is at the place where it was opened.
func SyntaxError(text []byte, err error) Error {
	msg := unknownAnchor.ReplaceAllString(yamlLine.ReplaceAllString(err.Error(), ""),
		"an alias (*) without an anchor; put a text that begins with * in quotes")
	out := Error{Line: 1, Column: 1, Msg: "invalid YAML: " + msg}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil && m[1] != "" {
		out.Line, _ = strconv.Atoi(m[1]) // digits by the pattern
	}
	at := syntaxFault(text)
	if at == nil {
		return out
	}
	begun, full := at.ContextMark, bytes.TrimRight(text, " \t\r\n")
	ends := at.Mark.Index >= len(full)
	open := ends || at.ContextMsg == "while scanning a quoted scalar" || at.ContextMsg == "while scanning a simple key"
	switch {
	case open && begun.Line > 0 && begun.Index < len(full):
		out.Line, out.Column = begun.Line, begun.Column
	case ends:
		out.Line, out.Column = bytes.Count(full, []byte("\n"))+1, len(full)-bytes.LastIndexByte(full, '\n')
	default:
		out.Line, out.Column = at.Mark.Line, at.Mark.Column
		if begun.Line > 0 && begun.Line < at.Mark.Line && strings.HasPrefix(at.ContextMsg, "while parsing") {
			out.Msg += fmt.Sprintf(" (%s that begins in line %d)", at.ContextMsg, begun.Line)
		}
	}
	return out
}

// syntaxFault is the first error of the text; nil if there is none. Version 3 of the parser, which
// reads everything, says a wrong line in many cases, and no column. Version 4 is the same parser and
// says both.
func syntaxFault(text []byte) *located.LoadError {
	for dec := located.NewDecoder(bytes.NewReader(text)); ; {
		var n located.Node
		err := dec.Decode(&n)
		var at *located.LoadError
		switch {
		case err == nil:
		case errors.Is(err, io.EOF) || !errors.As(err, &at) || at.Mark.Line == 0:
			return nil
		default:
			return at
		}
	}
}
