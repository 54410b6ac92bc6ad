package strict

import (
	"bytes"
	"errors"
	"io"

	"gopkg.in/yaml.v3"
)

// DecodeDocument decodes a text with at most one YAML document into the struct that out
// points to.
func DecodeDocument(text []byte, out any) []Error {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var node, second yaml.Node
	switch err := dec.Decode(&node); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return []Error{SyntaxError(text, err)}
	}
	switch err := dec.Decode(&second); {
	case err == nil:
		return []Error{{Line: second.Line, Column: second.Column, Msg: "a second document; a configuration is a single document"}}
	case !errors.Is(err, io.EOF):
		return []Error{SyntaxError(text, err)}
	}
	return Decode(node.Content[0], out, "")
}
