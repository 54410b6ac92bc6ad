package ocispec

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"reflect"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// Edit is one field that has another value after than before. Was and Now are the values in
// plain text: a list of plain values is joined by commas, an object is JSON. A field that is
// not there has no value (""), an empty list is "[]". Values of environment variables and
// arguments are not shown.
type Edit struct{ Field, Was, Now string }

// seccompField is left out of Edits: a profile has thousands of words.
const seccompField = "linux.seccomp"

const (
	// maxEach is how many different elements of one list are a field each. If there are more,
	// the list is one field, and they are named.
	maxEach = 8

	// maxNamed bounds how many of them are named.
	maxNamed = 50
)

// Edits finds the fields of a spec that differ from another, while it is edited.
type Edits struct {
	before *specs.Spec
	last   map[string]*looked // what differed when it was looked at last
	seed   maphash.Seed
	calls  int // of Next
	found  []Edit
}

// looked is a value that differed.
type looked struct {
	digest uint64
	call   int      // the last one in which it differed
	fields []string // which were found in it then
}

// EditsOf compares specs with this one, which must not be edited.
func EditsOf(before *specs.Spec) *Edits {
	return &Edits{before: before, last: make(map[string]*looked), seed: maphash.MakeSeed()}
}

// Next lists fields that differ from the first spec: at least those that have changed since the
// last call. The seccomp profile is left out. A list of plain values is one field; each element of
// a list of objects is one, unless very many of them differ. It costs little where specs are the
// same.
func (e *Edits) Next(after *specs.Spec) []Edit {
	e.found = nil
	e.calls++
	e.walk("", reflect.ValueOf(e.before).Elem(), reflect.ValueOf(after).Elem())
	return e.found
}

// walk descends to what differs.
func (e *Edits) walk(path string, b, a reflect.Value) {
	if path == seccompField || sameValue(b, a) {
		return
	}
	switch {
	case b.Kind() == reflect.Struct:
		for i := range b.NumField() {
			if f := b.Type().Field(i); !leftOut(f, b.Field(i)) || !leftOut(f, a.Field(i)) {
				e.walk(fieldPath(path, f), b.Field(i), a.Field(i))
			}
		}
	case b.Kind() == reflect.Pointer && b.Type().Elem().Kind() == reflect.Struct && !appears(b, a):
		e.walk(path, orZero(b), orZero(a))
	default:
		now := digest(e.seed, a)
		last, known := e.last[path]
		if !known {
			last = &looked{}
			e.last[path] = last
		}
		if last.call = e.calls; !known || last.digest != now {
			before := len(e.found)
			e.leaf(path, b, a)
			last.digest, last.fields = now, nil
			for _, f := range e.found[before:] {
				last.fields = append(last.fields, f.Field)
			}
		}
	}
}

// Differing returns the fields that differed in the last call of Next, in any order.
func (e *Edits) Differing() []string {
	var out []string
	for _, l := range e.last {
		if l.call == e.calls {
			out = append(out, l.fields...)
		}
	}
	return out
}

// sameValue reports whether values are the same. It copies none that has an address.
func sameValue(b, a reflect.Value) bool {
	if b.CanAddr() && a.CanAddr() {
		return reflect.DeepEqual(b.Addr().Interface(), a.Addr().Interface())
	}
	return reflect.DeepEqual(b.Interface(), a.Interface())
}

// leftOut reports whether JSON has no member for the value, whether it is nil or empty.
func leftOut(f reflect.StructField, v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0 && strings.Contains(f.Tag.Get("json"), ",omitempty")
	default:
		return false
	}
}

// appears reports whether an object without members comes or goes, which can make a
// difference: OCI runtimes take missing capabilities for all.
func appears(b, a reflect.Value) bool {
	return b.IsNil() && a.Elem().IsZero() || a.IsNil() && b.Elem().IsZero()
}

func orZero(p reflect.Value) reflect.Value {
	if p.IsNil() {
		return reflect.Zero(p.Type().Elem())
	}
	return p.Elem()
}

func fieldPath(path string, f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if path == "" {
		return name
	}
	return path + "." + name
}

// leaf compares two values that differ.
func (e *Edits) leaf(path string, b, a reflect.Value) {
	if !secret(path) {
		was, plain := plainText(b)
		now, too := plainText(a)
		if plain && too {
			e.found = append(e.found, Edit{Field: path, Was: was, Now: now})
			return
		}
	}
	d := &differ{whole: true}
	if b.Kind() == reflect.Slice && b.Type().Elem().Kind() == reflect.Struct {
		was, now := different(b, a)
		if len(was)+len(now) > maxEach {
			e.found = append(e.found, Edit{Field: path, Was: named(was), Now: named(now)})
			return
		}
		d.list(path, objects(was), objects(now))
	} else {
		d.value(path, plainly(b), plainly(a))
	}
	for _, c := range d.changes {
		e.found = append(e.found, Edit{Field: c.Path, Was: words(c.Removed), Now: words(c.Added)})
	}
}

// plainText is a value in words, if it is a plain one or a list of texts.
func plainText(v reflect.Value) (string, bool) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return "", true
		}
		v = v.Elem()
	}
	switch {
	case v.Kind() == reflect.String:
		return v.String(), true
	case v.CanInt(), v.CanUint(), v.Kind() == reflect.Bool:
		return fmt.Sprint(v.Interface()), true
	case v.Kind() != reflect.Slice || v.Type().Elem().Kind() != reflect.String:
		return "", false
	case v.IsNil():
		return "", true
	case v.Len() == 0:
		return "[]", true
	}
	all := make([]string, v.Len())
	for i := range all {
		all[i] = v.Index(i).String()
	}
	return strings.Join(all, ", "), true
}

// objects are the elements as JSON has them.
func objects(list []reflect.Value) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = plainly(v)
	}
	return out
}

// named are the names of the elements.
func named(list []reflect.Value) string {
	var names []string
	for i, v := range list {
		if i == maxNamed {
			names = append(names, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		if name := cmp.Or(textOf(v, "Destination"), textOf(v, "Path")); name != "" {
			names = append(names, name)
			continue
		}
		names = append(names, text(without(plainly(v), nothing)))
	}
	return strings.Join(names, ", ")
}

// textOf is the text that a struct has under a name; "" for none.
func textOf(v reflect.Value, name string) string {
	if f := v.FieldByName(name); f.IsValid() && f.Kind() == reflect.String {
		return f.String()
	}
	return ""
}

// different are the elements that only one of two lists has, in order.
func different(b, a reflect.Value) (was, now []reflect.Value) {
	start, endB, endA := 0, b.Len(), a.Len()
	same := func(i, j int) bool { return sameValue(b.Index(i), a.Index(j)) }
	for start < min(endB, endA) && same(start, start) {
		start++
	}
	for start < min(endB, endA) && same(endB-1, endA-1) {
		endB--
		endA--
	}
	seed := maphash.MakeSeed()
	left := make(map[uint64]int, endA-start)
	keys := make([]uint64, endA)
	for j := start; j < endA; j++ {
		keys[j] = digest(seed, a.Index(j))
		left[keys[j]]++
	}
	for i := start; i < endB; i++ {
		if key := digest(seed, b.Index(i)); left[key] > 0 {
			left[key]--
		} else {
			was = append(was, b.Index(i))
		}
	}
	for j := endA - 1; j >= start; j-- {
		if left[keys[j]] > 0 {
			left[keys[j]]--
			now = append(now, a.Index(j))
		}
	}
	slices.Reverse(now)
	return was, now
}

// plainly is the value as JSON has it; nil where there is none.
func plainly(v reflect.Value) any {
	raw, err := json.Marshal(v.Interface())
	if err != nil {
		return NotShown // no part of a spec fails to be encoded
	}
	out, err := decodeAny(raw)
	if err != nil {
		return NotShown
	}
	return without(out, itself)
}

// words is a JSON text without quotes and brackets, if it is a plain value or a list of such.
func words(text string) string {
	v, err := decodeAny([]byte(text))
	if err != nil {
		return text // "" and what is not shown
	}
	switch v := v.(type) {
	case string:
		return v
	case []any:
		var all []string
		for _, e := range v {
			switch e := e.(type) {
			case map[string]any, []any:
				return text
			case string:
				all = append(all, e)
			default:
				raw, _ := json.Marshal(e) // e came out of JSON
				all = append(all, string(raw))
			}
		}
		if len(all) > 0 {
			return strings.Join(all, ", ")
		}
	}
	return text
}
