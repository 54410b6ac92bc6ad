package schema

import (
	"bytes"
	"encoding/json"
	"slices"
)

// node is a JSON Schema. Its "properties", if any, are of type properties.
type node map[string]any

// properties keep the order in which the fields stand in the struct.
type properties []property

type property struct {
	key  string
	node node
}

// get returns the property of that key; nil if there is none.
func (p properties) get(key string) node {
	for _, f := range p {
		if f.key == key {
			return f.node
		}
	}
	return nil
}

// MarshalJSON writes an object.
func (p properties) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, f := range p {
		if i > 0 {
			out.WriteByte(',')
		}
		for j, v := range []any{f.key, f.node} {
			if j > 0 {
				out.WriteByte(':')
			}
			enc := json.NewEncoder(&out)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(v); err != nil {
				return nil, err
			}
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// merge adds what a type says of itself.
func (n node) merge(more map[string]any) {
	for k, v := range more {
		sub, _ := v.(map[string]any)
		switch old := n[k].(type) {
		case properties:
			for field, add := range sub {
				old.get(field).merge(add.(map[string]any))
			}
		case node:
			old.merge(sub)
		default:
			n[k] = v
		}
	}
	fields, _ := n["properties"].(properties)
	required, _ := n["required"].([]string)
	for _, key := range required {
		delete(fields.get(key), "default") // it never comes to that
	}
}

// without takes a value away from those that are allowed.
func (n node) without(value any) {
	values, _ := n["enum"].([]any)
	at := slices.Index(values, value)
	if at < 0 {
		return
	}
	n["enum"] = slices.Delete(slices.Clone(values), at, at+1)
	if texts, ok := n["enumDescriptions"].([]string); ok {
		n["enumDescriptions"] = slices.Delete(slices.Clone(texts), at, at+1)
	}
}
