package ocispec

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// Change is one difference between two specs. Removed and Added are the old and the new JSON;
// "" if there was or is nothing.
type Change struct {
	Path    string `json:"path"`
	Removed string `json:"removed,omitempty"`
	Added   string `json:"added,omitempty"`
}

// Diff returns the changes from before to after, in the order of their paths. It compares
// lists of plain values as sets, and lists of objects by their identity.
func Diff(before, after *specs.Spec) ([]Change, error) {
	b, err := generic(before)
	if err != nil {
		return nil, err
	}
	a, err := generic(after)
	if err != nil {
		return nil, err
	}
	d := &differ{}
	d.value("", b, a)
	return d.changes, nil
}

func generic(spec *specs.Spec) (any, error) {
	raw, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("encode OCI spec: %w", err)
	}
	v, err := decodeAny(raw)
	if err != nil {
		return nil, fmt.Errorf("decode OCI spec: %w", err)
	}
	return without(v, itself), nil
}

type differ struct {
	changes []Change
	whole   bool // a list of plain values is one value
}

func (d *differ) add(path string, before, after any) {
	c := Change{Path: path, Removed: text(before), Added: text(after)}
	if c.Removed == c.Added {
		return
	}
	d.changes = append(d.changes, c)
}

func text(v any) string {
	if v == nil {
		return ""
	}
	raw, _ := json.Marshal(v) // v came out of JSON
	return string(raw)
}

func (d *differ) value(path string, before, after any) {
	if secret(path) {
		d.secret(path, before, after)
		return
	}
	bo, wasObject := before.(map[string]any)
	ao, isObject := after.(map[string]any)
	bl, wasList := before.([]any)
	al, isList := after.([]any)
	switch {
	case wasObject && isObject:
		d.object(path, bo, ao)
	case (wasList && isList || wasList && after == nil || before == nil && isList) && !(d.whole && allPlain(bl) && allPlain(al)):
		d.list(path, bl, al)
	default:
		d.add(path, without(before, nothing), without(after, nothing))
	}
}

// secret says that values differ, and names variables without their values.
func (d *differ) secret(path string, before, after any) {
	b, isList := before.([]any)
	a, becomesList := after.([]any)
	if path == "process.env" && (isList || becomesList) {
		d.env(path, variables(b), variables(a))
		return
	}
	if text(before) != text(after) {
		d.changes = append(d.changes, Change{Path: path, Removed: NotShown, Added: NotShown})
	}
}

func (d *differ) env(path string, b, a map[string]string) {
	names := maps.Clone(b)
	maps.Copy(names, a)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		old, was := b[name]
		now, is := a[name]
		if was && is && old == now {
			continue
		}
		c := Change{Path: path + "." + name}
		if was {
			c.Removed = NotShown
		}
		if is {
			c.Added = NotShown
		}
		d.changes = append(d.changes, c)
	}
}

// variables returns the values of variables by name, of which the last counts.
// What has no name is not told by what it is.
func variables(env []any) map[string]string {
	out := make(map[string]string, len(env))
	for _, e := range env {
		entry, _ := e.(string)
		name, value, ok := strings.Cut(entry, "=")
		if !ok {
			name, value = "(without a name)", entry
		}
		out[name] = value
	}
	return out
}

func (d *differ) object(path string, before, after map[string]any) {
	keys := maps.Clone(before)
	maps.Copy(keys, after)
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		p := k
		if path != "" {
			p = path + "." + k
		}
		d.value(p, before[k], after[k])
	}
}

// list compares lists element by element: plain values are told by themselves,
// mounts and the like by what tells them apart, and where nothing does by all
// that they are.
func (d *differ) list(path string, before, after []any) {
	elements := slices.Concat(before, after)
	name := func(e any) string { return text(without(e, nothing)) }
	for _, n := range []func(any) string{plain, by("destination"), by("path"), by("type")} {
		if slices.ContainsFunc(elements, func(e any) bool { return n(e) == "" }) {
			continue
		}
		if unique(before, n) && unique(after, n) {
			name = n
		}
		break
	}
	d.object(path, byName(before, name), byName(after, name))
}

// allPlain reports whether no element is an object or a list.
func allPlain(list []any) bool {
	return !slices.ContainsFunc(list, func(e any) bool {
		switch e.(type) {
		case map[string]any, []any:
			return true
		default:
			return false
		}
	})
}

// plain names a string by itself.
func plain(e any) string {
	s, _ := e.(string)
	return s
}

// by names an object by one of its members.
func by(key string) func(any) string {
	return func(e any) string {
		object, _ := e.(map[string]any)
		s, _ := object[key].(string)
		return s
	}
}

// unique reports whether every element has a name of its own.
func unique(list []any, name func(any) string) bool {
	seen := make(map[string]bool, len(list))
	for _, e := range list {
		if seen[name(e)] {
			return false
		}
		seen[name(e)] = true
	}
	return true
}

// byName returns the elements by name; equal names are numbered.
func byName(list []any, name func(any) string) map[string]any {
	out := make(map[string]any, len(list))
	numbers := make(map[string]int, len(list)) // the last one that was tried for each name
	for _, e := range list {
		own := name(e)
		key := own
		for _, taken := out[key]; taken; _, taken = out[key] {
			numbers[own] = max(numbers[own], 1) + 1
			key = fmt.Sprintf("%s#%d", own, numbers[own])
		}
		out[key] = e
	}
	return out
}
