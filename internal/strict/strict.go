// Package strict decodes YAML nodes into Go structs and finds every error with its place:
// unknown keys, duplicate keys, wrong types, values that a type refuses.
//
// Struct fields are named by their yaml tag (",inline" embeds). A type that implements
// encoding.TextUnmarshaler reads any scalar, gets its place if it implements Placed, and can
// warn about its text if it implements TextWarner. A struct that implements Validator is
// validated, and one that implements Warner warns, after its fields are read. A field of type
// yaml.Node gets its node unchanged.
package strict

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Error is one error and its place, counted from 1.
type Error struct {
	Line, Column int
	Path         string // such as spec.rules.capabilities.drop[1]
	Msg          string
}

func (e Error) Error() string {
	if e.Path == "" {
		return e.Msg
	}
	return e.Path + ": " + e.Msg
}

// Decode reads the node into the struct that out points to, and returns every error. path
// is the node's path in its document. Fields that the node does not name keep their value.
func Decode(node *yaml.Node, out any, path string) []Error {
	errs, _ := DecodeWarned(node, out, path)
	return errs
}

// DecodeWarned is Decode, and returns the warnings too.
func DecodeWarned(node *yaml.Node, out any, path string) (errs, warnings []Error) {
	d := &decoder{}
	d.value(node, reflect.ValueOf(out).Elem(), path)
	return d.errs, d.warnings
}

type decoder struct {
	errs, warnings []Error
}

func (d *decoder) fail(n *yaml.Node, path, format string, args ...any) {
	d.errs = append(d.errs, Error{Line: n.Line, Column: n.Column, Path: path, Msg: fmt.Sprintf(format, args...)})
}

func (d *decoder) value(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		d.fail(n, path, "anchors and aliases are not allowed")
		return
	}
	if v.Type() == reflect.TypeFor[yaml.Node]() {
		v.Set(reflect.ValueOf(*n))
		return
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		d.fail(n, path, "must not be empty")
		return
	}
	if readsText(v) {
		d.text(n, v, path)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		d.value(n, v.Elem(), path)
	case reflect.Struct:
		d.structure(n, v, path)
	case reflect.Slice:
		d.list(n, v, path)
	case reflect.Map:
		d.table(n, v, path)
	default:
		d.scalar(n, v, path)
	}
}

func (d *decoder) structure(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, path, "must be a mapping, not %s", describe(n))
		return
	}
	faults := len(d.errs)
	fields := fieldsOf(v)
	places := make(map[string]*yaml.Node)
	d.members(n, path, func(key, val *yaml.Node) {
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == key.Value })
		if i < 0 {
			d.fail(key, path, "%s", unknown(key.Value, fields))
			return
		}
		places[key.Value] = val
		d.value(val, fields[i].value, join(path, key.Value))
	})
	if len(d.errs) == faults {
		d.validate(n, v, path, places)
	}
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		d.fail(n, path, "must be a list, not %s", describe(n))
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, e := range n.Content {
		d.value(e, out.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
	v.Set(out)
}

func (d *decoder) table(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, path, "must be a mapping, not %s", describe(n))
		return
	}
	out := reflect.MakeMap(v.Type())
	d.members(n, path, func(key, val *yaml.Node) {
		e := reflect.New(v.Type().Elem()).Elem()
		d.value(val, e, join(path, key.Value))
		out.SetMapIndex(reflect.ValueOf(key.Value).Convert(v.Type().Key()), e)
	})
	v.Set(out)
}

// Members calls each for the keys of a mapping, in order. It reports keys that are not
// plain strings or occur twice.
func Members(n *yaml.Node, path string, each func(key, val *yaml.Node)) []Error {
	d := &decoder{}
	if n.Kind != yaml.MappingNode {
		d.fail(n, path, "must be a mapping, not %s", describe(n))
		return d.errs
	}
	d.members(n, path, each)
	return d.errs
}

func (d *decoder) members(n *yaml.Node, path string, each func(key, val *yaml.Node)) {
	seen := make(map[string]int)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" || key.Anchor != "" {
			d.fail(key, path, "key must be a plain string")
			continue
		}
		if line, dup := seen[key.Value]; dup {
			d.fail(key, path, "duplicate field %q (first on line %d)", key.Value, line)
			continue
		}
		seen[key.Value] = key.Line
		each(key, val)
	}
}

type field struct {
	key   string
	value reflect.Value
}

func fieldsOf(v reflect.Value) []field {
	var out []field
	t := v.Type()
	for i := range t.NumField() {
		key, opts, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		switch {
		case opts == "inline":
			out = append(out, fieldsOf(v.Field(i))...)
		case key != "" && key != "-":
			out = append(out, field{key: key, value: v.Field(i)})
		}
	}
	return out
}

func keys(fields []field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.key
	}
	return strings.Join(names, ", ")
}

func join(path, key string) string {
	if quoted := strconv.Quote(key); len(quoted) != len(key)+2 { // a message is one line
		key = quoted
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	default:
		return fmt.Sprintf("%q", n.Value)
	}
}
