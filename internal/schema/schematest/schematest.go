// Package schematest validates documents against the schema, in tests.
package schematest

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

// Schema is a JSON Schema.
type Schema struct{ compiled *jsonschema.Schema }

// Compile reads a schema.
func Compile(t testing.TB, text []byte) Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return Schema{s}
}

// Validate validates the documents of a YAML file, as an editor does, and returns how many
// there are.
func (s Schema) Validate(data []byte) (documents int, err error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for ; ; documents++ {
		var n yaml.Node
		if err := dec.Decode(&n); errors.Is(err, io.EOF) {
			return documents, nil
		} else if err != nil {
			return documents, err
		}
		if err := s.compiled.Validate(inJSON(n.Content[0])); err != nil {
			return documents, err
		}
	}
}

// inJSON is what the node is in JSON. Dates are texts there.
func inJSON(n *yaml.Node) any {
	switch {
	case n.Kind == yaml.AliasNode:
		return inJSON(n.Alias)
	case n.Kind == yaml.MappingNode:
		out := make(map[string]any)
		for i := 0; i+1 < len(n.Content); i += 2 {
			out[n.Content[i].Value] = inJSON(n.Content[i+1])
		}
		return out
	case n.Kind == yaml.SequenceNode:
		out := make([]any, len(n.Content))
		for i, e := range n.Content {
			out[i] = inJSON(e)
		}
		return out
	case n.Tag == "!!int" || n.Tag == "!!float" || n.Tag == "!!bool" || n.Tag == "!!null":
		var v any
		_ = n.Decode(&v) // by its tag it can be read
		return v
	default:
		return n.Value
	}
}
