package policytest

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/ocispec"
)

// compareSpec compares a part of a spec with a spec.
func compareSpec(path string, want map[string]any, spec *specs.Spec) []Difference {
	got, err := genericSpec(spec)
	if err != nil {
		return []Difference{{What: path, Expected: "a spec", Got: err.Error()}}
	}
	c := &specComparison{}
	c.object(path, want, got)
	return c.differences
}

type specComparison struct{ differences []Difference }

func (c *specComparison) differ(path string, want, got any) {
	c.differences = append(c.differences, Difference{What: path, Expected: show(want), Got: show(got)})
}

func (c *specComparison) value(path string, want, got any) {
	if nothing(want) && nothing(got) {
		return
	}
	switch w := want.(type) {
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			c.object(path, w, g)
			return
		}
	case []any:
		if g, ok := got.([]any); ok && len(w) > 0 {
			c.list(path, w, g)
			return
		}
	default:
		if want == got {
			return
		}
	}
	c.differ(path, want, got)
}

// nothing reports whether the value is one that a spec leaves out.
func nothing(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	case string:
		return v == ""
	case bool:
		return !v
	case json.Number:
		return v == "0"
	default:
		return false
	}
}

func (c *specComparison) object(path string, want, got map[string]any) {
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if ocispec.Secret(k) {
			c.secret(path+"."+k, want[k], got[k])
			continue
		}
		c.value(path+"."+k, want[k], got[k])
	}
}

// list wants just the plain values in any order, or each of the objects.
func (c *specComparison) list(path string, want, got []any) {
	if _, ok := want[0].(map[string]any); !ok {
		if !slices.Equal(sorted(want), sorted(got)) {
			c.differ(path, want, got)
		}
		return
	}
	for _, w := range want {
		c.member(path, w, got)
	}
}

// member wants an object that is in the list.
func (c *specComparison) member(path string, want any, got []any) {
	var closest []Difference
	for _, g := range got {
		try := &specComparison{}
		try.value(path+nameOf(want), want, g)
		if len(try.differences) == 0 {
			return
		}
		if nameOf(want) != "" && nameOf(want) == nameOf(g) {
			closest = try.differences
		}
	}
	if closest != nil {
		c.differences = append(c.differences, closest...)
		return
	}
	c.differ(path, want, nil)
}

// nameOf is what tells an object of a list from others, such as a mount's
// destination; "" for none.
func nameOf(v any) string {
	object, _ := v.(map[string]any)
	for _, key := range []string{"destination", "path", "type"} {
		if s, ok := object[key].(string); ok {
			return "[" + s + "]"
		}
	}
	return ""
}

// sorted are the values as JSON, in order.
func sorted(list []any) []string {
	out := make([]string, len(list))
	for i, v := range list {
		raw, _ := json.Marshal(v) // v came out of JSON
		out[i] = string(raw)
	}
	slices.Sort(out)
	return out
}

// secret compares without telling the values.
func (c *specComparison) secret(path string, want, got any) {
	try := &specComparison{}
	if try.value(path, want, got); len(try.differences) > 0 {
		c.differences = append(c.differences, Difference{What: path, Expected: ocispec.NotShown, Got: ocispec.NotShown})
	}
}

// show is the JSON of a value. What may be secret is left out.
func show(v any) string {
	if v == nil {
		return "nothing"
	}
	raw, _ := json.Marshal(ocispec.Shown(v)) // v came out of JSON
	return string(raw)
}
