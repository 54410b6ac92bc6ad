package strict

import (
	"bytes"
	"errors"
	"io"

	"gopkg.in/yaml.v3"
)

// Documents returns the roots of the YAML documents of a text, and every document's syntax error: one
// document that cannot be parsed hides no other.
func Documents(text []byte) ([]*yaml.Node, []Error) {
	docs, err := stream(text)
	if err == nil {
		return docs, nil
	}
	first := SyntaxError(text, err)
	docs = nil
	var errs []Error
	for _, p := range chunks(text) {
		more, err := stream(p.text)
		for _, n := range more {
			moveDown(n, p.before)
		}
		docs = append(docs, more...)
		if err != nil {
			e := SyntaxError(p.text, err)
			e.Line += p.before
			errs = append(errs, e)
		}
	}
	if len(errs) == 0 {
		errs = []Error{first}
	}
	return docs, errs
}

// stream parses documents one after the other, up to the first error.
func stream(text []byte) ([]*yaml.Node, error) {
	var docs []*yaml.Node
	for dec := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var n yaml.Node
		switch err := dec.Decode(&n); {
		case errors.Is(err, io.EOF):
			return docs, nil
		case err != nil:
			return docs, err
		}
		docs = append(docs, n.Content[0])
	}
}

// chunk is a piece of a text, after that many lines.
type chunk struct {
	text   []byte
	before int
}

// chunks cuts a text before each line that begins a document. No such line can be a part of a
// scalar (YAML 1.2, "Document Markers").
func chunks(text []byte) []chunk {
	var out []chunk
	line, start, first := 0, 0, 0
	for at := 0; at < len(text); line++ {
		end := len(text)
		if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		if l := text[at:end]; at > start && bytes.HasPrefix(l, []byte("---")) && (len(l) == 3 || bytes.IndexByte([]byte(" \t\r\n"), l[3]) >= 0) {
			out = append(out, chunk{text[start:at], first})
			start, first = at, line
		}
		at = end
	}
	return append(out, chunk{text[start:], first})
}

func moveDown(n *yaml.Node, lines int) {
	n.Line += lines
	for _, c := range n.Content {
		moveDown(c, lines)
	}
}
