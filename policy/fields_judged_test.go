package policy

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/fields"
	"github.com/specguard/specguard/internal/ocispec"
	"github.com/specguard/specguard/internal/ocispec/ocispectest"
)

// The table of fields (package fields) tells which rules judge each. These tests
// change the fields and see which rules take notice.

// TestFieldsAreJudged has each rule that the table names for a field take notice when
// the field changes.
func TestFieldsAreJudged(t *testing.T) {
	changes, used := fieldChanges(), make(map[string]bool)
	for _, row := range table(t) {
		for _, field := range fields.All() {
			if !row.Has(field) {
				continue
			}
			for _, rule := range row.Rules {
				key := string(field) + " " + rule
				c, ok := changes[key]
				if !ok {
					key = string(field)
					c, ok = changes[key]
				}
				used[key] = true
				if !ok {
					t.Errorf("%s is judged by %s: no change of it is tried", field, rule)
					continue
				}
				before := newSpec(c.before)
				after := ocispec.Clone(before)
				c.after(after)
				was, is := found(t, rule, before), found(t, rule, after)
				if slices.Equal(was, is) {
					t.Errorf("%s: %s finds %q, whatever it is", field, rule, was)
				}
			}
		}
	}
	for key := range changes {
		if !used[key] {
			t.Errorf("%s is in no row with a rule", key)
		}
	}
}

// TestOtherFieldsAreNot sets fields for which the table names no rule: no rule takes
// notice, or the table has to name it.
func TestOtherFieldsAreNot(t *testing.T) {
	for _, row := range table(t) {
		for _, field := range fields.All() {
			if !row.Has(field) || len(row.Rules) > 0 || row.Whole {
				continue
			}
			before, after := newSpec(), newSpec()
			parent, name, nested := cutLast(string(field))
			if nested { // what lies above it is judged, maybe
				setField(t, reflect.ValueOf(before), parent, nil)
				setField(t, reflect.ValueOf(after), parent, nil)
			}
			for _, number := range []int64{7, -1000} {
				setField(t, reflect.ValueOf(after), strings.TrimPrefix(parent+"."+name, "."), number)
				for _, rule := range slices.Sorted(maps.Keys(judging())) {
					if was, is := found(t, rule, before), found(t, rule, after); !slices.Equal(was, is) {
						t.Errorf("%s: %s finds %q, and %q when it is set", field, rule, was, is)
					}
				}
			}
		}
	}
}

func table(t *testing.T) []fields.Row {
	t.Helper()
	rows, err := fields.Table()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func found(t *testing.T, rule string, spec *specs.Spec) []string {
	t.Helper()
	config, ok := judging()[rule]
	if !ok {
		t.Fatalf("no configuration of rule %s is tried: add one to judging", rule)
	}
	return findings(decide(t, spec, rule+": "+config))
}

func cutLast(path string) (parent, name string, nested bool) {
	at := strings.LastIndex(path, ".")
	if at < 0 {
		return "", path, false
	}
	return path[:at], path[at+1:], true
}

// setField makes all that leads to the field, and gives it a value unless value is nil.
func setField(t *testing.T, v reflect.Value, path string, value any) {
	t.Helper()
	for part := range strings.SplitSeq(path, ".") {
		name := strings.TrimSuffix(part, "[]")
		v = member(made(v), name)
		if !v.IsValid() {
			t.Fatalf("no field %s in %s", name, path)
		}
		if name == part {
			continue
		}
		in := v
		if v = element(v); in.Kind() == reflect.Map {
			defer func(v reflect.Value) {
				in.Set(reflect.MakeMap(in.Type()))
				in.SetMapIndex(reflect.ValueOf("x"), v)
			}(v)
		}
	}
	number, some := value.(int64)
	if v = made(v); !some {
		return
	}
	if ocispectest.Fill(v); v.CanInt() {
		v.SetInt(number)
	}
}

// made follows a pointer, and makes what it points to where there is nothing.
func made(v reflect.Value) reflect.Value {
	if v.Kind() != reflect.Pointer {
		return v
	}
	if v.IsNil() {
		v.Set(reflect.New(v.Type().Elem()))
	}
	return v.Elem()
}

// member is the field of that name in JSON.
func member(v reflect.Value, name string) reflect.Value {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			if in := member(v.Field(i), name); in.IsValid() {
				return in
			}
		}
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name && !f.Anonymous {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

// element is the last value of a list; of a map it is one that is not in it.
func element(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Map {
		return reflect.New(v.Type().Elem()).Elem()
	}
	if v.Len() == 0 {
		v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
	}
	return v.Index(v.Len() - 1)
}
