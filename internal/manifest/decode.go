package manifest

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// decoder reads YAML nodes into Go values as the Kubernetes API reads them:
// unknown fields are skipped, a null counts as missing, types must be right.
// It finds all faults. Its errors never show values, which may be secrets.
//
// Struct fields are named by their yaml tag (",inline" embeds). A type that
// implements encoding.TextUnmarshaler reads any scalar, one that implements
// reader reads its node itself, and a field of type place takes the place.
type decoder struct {
	left   int // how many nodes may still be visited
	faults Faults
}

// newDecoder makes a decoder for a manifest of that size. Without aliases every
// node is visited once and takes at least a byte.
func newDecoder(size int) *decoder { return &decoder{left: 10*size + 1000} }

// reader is implemented by types that read their node themselves.
type reader interface {
	read(d *decoder, n *yaml.Node, path string) error
}

// place is where something stands.
type place struct{ line, column int }

func placeOf(n *yaml.Node) place { return place{n.Line, n.Column} }

// fault is an error at the place; path says what stands there.
func (p place) fault(path, format string, args ...any) error {
	msg := fmt.Sprintf(format, args...)
	if path != "" {
		msg = path + ": " + msg
	}
	return &Error{Line: p.line, Column: p.column, Msg: msg}
}

// decode returns all faults of the node, as Faults.
func (d *decoder) decode(n *yaml.Node, out any, path string) error {
	before := d.faults
	d.faults = nil
	d.note(d.value(n, reflect.ValueOf(out).Elem(), path))
	found := d.faults
	d.faults = before
	if len(found) == 0 {
		return nil
	}
	return found
}

// note keeps what is wrong with a part of what is decoded.
func (d *decoder) note(err error) {
	if d.left < 0 && len(d.faults) > 0 {
		return // nothing was read any more
	}
	d.faults = append(d.faults, faultsOf(err)...)
}

func (d *decoder) value(n *yaml.Node, v reflect.Value, path string) error {
	n = follow(n)
	if err := d.visit(n); err != nil {
		return err
	}
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" {
		return nil
	}
	switch special := v.Addr().Interface().(type) {
	case *yaml.Node:
		*special = *n
		return nil
	case reader:
		return special.read(d, n, path)
	case encoding.TextUnmarshaler:
		return text(n, special, path)
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return d.value(n, v.Elem(), path)
	case reflect.Struct:
		return d.structure(n, v, path)
	case reflect.Slice:
		return d.list(n, v, path)
	case reflect.Map:
		return d.table(n, v, path)
	default:
		return scalar(n, v, path)
	}
}

// visit counts a node. A small manifest can stand for a huge one by aliases of
// aliases.
func (d *decoder) visit(n *yaml.Node) error {
	if d.left--; d.left < 0 {
		return placeOf(n).fault("", "the aliases expand to too much")
	}
	return nil
}

func text(n *yaml.Node, out encoding.TextUnmarshaler, path string) error {
	if n.Kind != yaml.ScalarNode {
		return placeOf(n).fault(path, "must be a single value")
	}
	if err := out.UnmarshalText([]byte(n.Value)); err != nil {
		return placeOf(n).fault(path, "%s", err)
	}
	return nil
}

func (d *decoder) structure(n *yaml.Node, v reflect.Value, path string) error {
	fields := make(map[string]reflect.Value)
	collect(v, placeOf(n), fields)
	return d.members(n, path, func(key string, val *yaml.Node) error {
		if f, ok := fields[key]; ok {
			d.note(d.value(val, f, join(path, key)))
		}
		return nil
	})
}

// collect gathers the struct's fields by name and sets those that take the
// place.
func collect(v reflect.Value, at place, fields map[string]reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, opts, tagged := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case f.Type == reflect.TypeFor[place]():
			v.Field(i).Set(reflect.ValueOf(at))
		case tagged && opts == "inline":
			collect(v.Field(i), at, fields)
		case name != "":
			fields[name] = v.Field(i)
		}
	}
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, path string) error {
	if n.Kind != yaml.SequenceNode {
		return placeOf(n).fault(path, "must be a list")
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, e := range n.Content {
		d.note(d.value(e, v.Index(i), fmt.Sprintf("%s[%d]", path, i)))
	}
	return nil
}

func (d *decoder) table(n *yaml.Node, v reflect.Value, path string) error {
	v.Set(reflect.MakeMap(v.Type()))
	return d.members(n, path, func(key string, val *yaml.Node) error {
		e := reflect.New(v.Type().Elem()).Elem()
		d.note(d.value(val, e, join(path, key)))
		v.SetMapIndex(reflect.ValueOf(key), e)
		return nil
	})
}

// members calls each for the members of a mapping, and then for those that are
// merged into it ("<<") and that it does not have itself.
func (d *decoder) members(n *yaml.Node, path string, each func(key string, val *yaml.Node) error) error {
	return d.merge(n, path, make(map[string]bool), each)
}

func (d *decoder) merge(n *yaml.Node, path string, seen map[string]bool, each func(key string, val *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return placeOf(n).fault(path, "must be a mapping")
	}
	var merged []*yaml.Node
	own := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := follow(n.Content[i]), n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
			return placeOf(key).fault(path, "has a key that is not a single value")
		case key.ShortTag() == "!!merge":
			merged = append(merged, val)
			continue
		case own[key.Value]:
			return placeOf(key).fault(path, "has %q twice", key.Value)
		}
		own[key.Value] = true
		if seen[key.Value] {
			continue
		}
		seen[key.Value] = true
		if err := each(key.Value, val); err != nil {
			return err
		}
	}
	for _, m := range merged {
		if err := d.mergeIn(follow(m), path, seen, each); err != nil {
			return err
		}
	}
	return nil
}

// mergeIn merges a mapping, or each of a list of them.
func (d *decoder) mergeIn(n *yaml.Node, path string, seen map[string]bool, each func(key string, val *yaml.Node) error) error {
	list := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		list = n.Content
	}
	for _, m := range list {
		if err := d.visit(m); err != nil {
			return err
		}
		if err := d.merge(follow(m), path, seen, each); err != nil {
			return err
		}
	}
	return nil
}

func scalar(n *yaml.Node, v reflect.Value, path string) error {
	tag := ""
	if n.Kind == yaml.ScalarNode {
		tag = n.ShortTag()
	}
	switch v.Kind() {
	case reflect.String:
		if tag != "!!str" && tag != "!!timestamp" {
			return placeOf(n).fault(path, "must be a string")
		}
		v.SetString(n.Value)
	case reflect.Bool:
		b, ok := boolean(n, tag)
		if !ok {
			return placeOf(n).fault(path, "must be true or false")
		}
		v.SetBool(b)
	case reflect.Int32, reflect.Uint32:
		i, err := strconv.ParseInt(strings.ReplaceAll(n.Value, "_", ""), 0, 64)
		if tag != "!!int" || err != nil || i < 0 || i > math.MaxInt32 {
			return placeOf(n).fault(path, "must be a whole number from 0 to %d", math.MaxInt32)
		}
		v.Set(reflect.ValueOf(i).Convert(v.Type()))
	default:
		panic(fmt.Sprintf("%s: a %s cannot be decoded", path, v.Type()))
	}
	return nil
}

// boolean reads true and false, and the words that YAML 1.1 has for them too.
func boolean(n *yaml.Node, tag string) (value, ok bool) {
	plain := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0
	word := strings.ToLower(n.Value)
	switch {
	case tag == "!!bool":
		return word == "true", true
	case tag != "!!str" || !plain:
		return false, false
	case slices.Contains([]string{"y", "yes", "on"}, word):
		return true, true
	case slices.Contains([]string{"n", "no", "off"}, word):
		return false, true
	}
	return false, false
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
