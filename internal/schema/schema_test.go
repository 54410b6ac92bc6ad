package schema_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/specguard/specguard/internal/schema"
)

// TestSchemaIsASchema takes the drafts that editors know.
func TestSchemaIsASchema(t *testing.T) {
	for _, draft := range []*jsonschema.Draft{jsonschema.Draft2020, jsonschema.Draft7} {
		doc := load(t).(map[string]any)
		doc["$schema"] = draft.String()
		c := jsonschema.NewCompiler()
		if err := c.AddResource("s.json", doc); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Compile("s.json"); err != nil {
			t.Error(err)
		}
	}
}

// TestSchemaSaysEnough has a description of each field, closed objects, and
// defaults and examples that are valid.
func TestSchemaSaysEnough(t *testing.T) {
	fields := 0
	walk(load(t), "", func(path string, s map[string]any) {
		properties, _ := s["properties"].(map[string]any)
		if s["type"] == "object" && properties != nil && path != "" && s["additionalProperties"] != false {
			t.Errorf("%s takes any field", path)
		}
		for name, p := range properties {
			field, _ := p.(map[string]any)
			if s["type"] != "object" || path == "" {
				continue // part of an if or an anyOf
			}
			fields++
			if text, _ := field["description"].(string); text == "" || strings.Contains(text, "\n\n\n") {
				t.Errorf("%s/%s: description %q", path, name, text)
			}
		}
		examples, _ := s["examples"].([]any)
		if def, ok := s["default"]; ok {
			examples = append(examples, def)
		}
		for _, e := range examples {
			if err := compile(t, s).Validate(e); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
	})
	if fields < 100 {
		t.Errorf("%d fields", fields)
	}
}

func load(t *testing.T) any {
	t.Helper()
	text, err := schema.JSON()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func compile(t *testing.T, doc any) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	if err := c.AddResource("s.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("s.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// walk visits every schema in the value.
func walk(v any, path string, visit func(path string, s map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		visit(path, v)
		for k, e := range v {
			if k == "examples" {
				continue // values, not schemas
			}
			if fields, ok := e.(map[string]any); ok && k == "properties" {
				for name, field := range fields {
					walk(field, path+"/"+name, visit)
				}
				continue
			}
			walk(e, path+"/"+k, visit)
		}
	case []any:
		for i, e := range v {
			walk(e, fmt.Sprintf("%s/%d", path, i), visit)
		}
	}
}
