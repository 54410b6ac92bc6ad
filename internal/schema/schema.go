// Package schema describes the policy documents as a JSON Schema (draft 2020-12), for
// editors. It makes the schema from the types into which the documents are decoded and from
// their doc comments.
//
// Editors know older drafts best, so the schema uses only what draft 7 has too, and
// enumDescriptions and patternErrorMessage, which validators ignore and editors show.
package schema

//go:generate go run ./generate

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"reflect"
	"slices"

	"github.com/specguard/specguard/policy"
	"github.com/specguard/specguard/policy/policytest"
)

//go:embed comments.json
var comments []byte

// JSON returns the schema of all documents.
func JSON() ([]byte, error) {
	c, err := Embedded()
	if err != nil {
		return nil, err
	}
	return c.Schema()
}

// Embedded returns the comments that are built into the program: those that Used returns.
func Embedded() (Comments, error) {
	var c Comments
	err := json.Unmarshal(comments, &c)
	return c, err
}

// Schema returns the schema of all documents, with these comments.
func (c Comments) Schema() ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(newBuilder(c).documents(Documents()))
	return out.Bytes(), err
}

// Used returns the comments of all that documents can contain.
func (c Comments) Used() Comments {
	b := newBuilder(c)
	b.documents(Documents())
	return b.used
}

// Documents returns the kinds of documents that the schema describes.
func Documents() []policy.DocumentKind {
	return append(policy.DocumentKinds(), policytest.DocumentKind())
}

// Value returns the schema of a type into which documents are decoded.
func (c Comments) Value(t reflect.Type) map[string]any { return newBuilder(c).value(t) }

// documents describes a document of any of the kinds. The kind tells which: with
// a chain of if and else editors show the fields of that kind only.
func (b *builder) documents(kinds []policy.DocumentKind) node {
	var names []any
	for _, k := range kinds {
		names = append(names, k.Name)
	}
	out := node{
		"$schema":  "https://json-schema.org/draft/2020-12/schema",
		"title":    "specguard",
		"type":     "object",
		"required": []string{"apiVersion", "kind"},
		"properties": properties{
			{"apiVersion", node{"const": policy.APIVersion}},
			{"kind", node{"enum": names}},
		},
	}
	last := out
	for _, k := range kinds {
		rest := node{}
		last["if"] = node{"properties": node{"kind": node{"const": k.Name}}, "required": []string{"kind"}}
		last["then"] = b.document(k)
		last["else"] = rest
		last = rest
	}
	return out
}

func (b *builder) document(k policy.DocumentKind) node {
	spec := reflect.TypeOf(k.Spec).Elem()
	b.spec = b.value(spec)
	n := b.value(reflect.TypeOf(k.Head))
	n["description"] = Plain(b.comment(key(spec)), spec.Name(), spec)
	return n
}

// allowances describes what an exception allows: of each rule its only list, or its lists by
// name.
func (b *builder) allowances() node {
	var fields properties
	for _, k := range policy.RuleKinds() {
		t := reflect.TypeOf(k.Config).Elem()
		var lists properties
		for _, f := range Fields(t) {
			if slices.Contains(k.Allows, f.Key) {
				n := b.field(f)
				delete(n, "default")
				n["minItems"] = 1
				lists = append(lists, property{f.Key, n})
			}
		}
		switch len(lists) {
		case 0:
		case 1:
			fields = append(fields, property{k.Name, lists[0].node})
		default:
			fields = append(fields, property{k.Name, node{
				"description": "What the containers may have in addition, by the rule's own lists.",
				"type":        "object", "additionalProperties": false, "minProperties": 1, "properties": lists,
			}})
		}
	}
	return node{"type": "object", "additionalProperties": false, "properties": fields}
}

// rules describes a policy's rules.
func (b *builder) rules() node {
	var fields properties
	for _, k := range policy.RuleKinds() {
		t := reflect.TypeOf(k.Config).Elem()
		doc := Parse(b.comment(key(t)))
		n := b.value(t)
		n["description"] = Plain(doc.Text, t.Name(), t)
		if example, ok := doc.example(); ok {
			n["examples"] = []any{example}
		}
		if !k.CanAdjust {
			n["properties"].(properties).get("onViolation").without(string(policy.Adjust))
		}
		fields = append(fields, property{k.Name, n})
	}
	return node{"type": "object", "additionalProperties": false, "properties": fields}
}
