package ocispec

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// Patch and Clone walk the types of the runtime specification by reflection.
// A new version of it could bring what they do not handle.
func TestTypesCanBePatched(t *testing.T) {
	seen := make(map[reflect.Type]bool)
	var walk func(typ reflect.Type, path string)
	walk = func(typ reflect.Type, path string) {
		if seen[typ] {
			return
		}
		seen[typ] = true
		for _, custom := range []reflect.Type{
			reflect.TypeFor[json.Marshaler](), reflect.TypeFor[json.Unmarshaler](),
			reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextUnmarshaler](),
		} {
			if reflect.PointerTo(typ).Implements(custom) {
				t.Errorf("%s: %s implements %s", path, typ, custom)
			}
		}
		switch typ.Kind() {
		case reflect.Struct:
			for i := range typ.NumField() {
				walkField(t, typ.Field(i), path)
				walk(typ.Field(i).Type, path+"."+typ.Field(i).Name)
			}
		case reflect.Pointer:
			if k := typ.Elem().Kind(); k == reflect.Pointer || k == reflect.Slice || k == reflect.Map {
				t.Errorf("%s: pointer to %s", path, k)
			}
			walk(typ.Elem(), path)
		case reflect.Slice:
			if k := base(typ.Elem()).Kind(); k == reflect.Slice || k == reflect.Map {
				t.Errorf("%s: list of %s", path, k)
			}
			walk(typ.Elem(), path+"[]")
		case reflect.Map:
			if typ.Key().Kind() != reflect.String {
				t.Errorf("%s: map with keys of type %s", path, typ.Key())
			}
			walk(typ.Elem(), path+"{}")
		case reflect.Interface:
			if path != "Spec.Windows.CredentialSpec" { // patched as a whole, never edited
				t.Errorf("%s: interface", path)
			}
		case reflect.Bool, reflect.String, reflect.Int, reflect.Int32, reflect.Int64, reflect.Float64,
			reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uint:
		default:
			t.Errorf("%s: kind %s", path, typ.Kind())
		}
	}
	walk(reflect.TypeFor[specs.Spec](), "Spec")
	if len(seen) < 50 {
		t.Errorf("only %d types seen", len(seen))
	}
}

func walkField(t *testing.T, f reflect.StructField, path string) {
	t.Helper()
	_, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
	switch {
	case f.Anonymous && (f.Type.Kind() != reflect.Struct || f.Tag != ""):
		t.Errorf("%s.%s: embedded in an uncommon way", path, f.Name)
	case !f.IsExported():
		t.Errorf("%s.%s: not exported", path, f.Name)
	case opts != "" && opts != "omitempty":
		t.Errorf("%s.%s: JSON option %s", path, f.Name, opts)
	}
}

// fill sets everything that the value can hold. Strings differ by place.
func fill(v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), path)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), path+"."+v.Type().Field(i).Name)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), path+"[0]")
		fill(v.Index(1), path+"[1]")
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		e := reflect.New(v.Type().Elem()).Elem()
		fill(e, path+"{}")
		v.SetMapIndex(reflect.ValueOf("key").Convert(v.Type().Key()), e)
	case reflect.Interface:
		v.Set(reflect.ValueOf(path))
	case reflect.String:
		v.SetString(path)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(1.5)
	default:
		if v.CanInt() {
			v.SetInt(7)
		} else {
			v.SetUint(7)
		}
	}
}

// scramble overwrites every scalar that can be reached.
func scramble(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		scramble(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			scramble(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			scramble(v.Index(i))
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			if e := v.MapIndex(k); e.Kind() == reflect.Struct || e.Kind() == reflect.Pointer {
				c := reflect.New(e.Type()).Elem()
				c.Set(e)
				scramble(c)
			}
			v.SetMapIndex(k, reflect.Zero(v.Type().Elem()))
		}
	default:
		v.SetZero()
	}
}

func TestClone(t *testing.T) {
	spec := &specs.Spec{}
	fill(reflect.ValueOf(spec).Elem(), "Spec")
	before, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	clone := Clone(spec)
	if !reflect.DeepEqual(clone, spec) {
		t.Error("the clone differs")
	}
	scramble(reflect.ValueOf(clone).Elem())
	if reflect.DeepEqual(clone, spec) {
		t.Fatal("scramble changed nothing")
	}
	if after, _ := json.Marshal(spec); string(after) != string(before) {
		t.Errorf("an edit of the clone is seen in the original:\n%s\n%s", before, after)
	}
	if Clone(nil) != nil {
		t.Error("Clone(nil) is something")
	}
	if c := Clone(&specs.Spec{Mounts: []specs.Mount{}}); c.Mounts == nil || c.Linux != nil {
		t.Error("an empty list or a missing object did not stay one")
	}
}

// Every member of a full spec can be taken away, and brought back, by Patch.
func TestPatchEveryField(t *testing.T) {
	full := &specs.Spec{}
	fill(reflect.ValueOf(full).Elem(), "Spec")
	empty := &specs.Spec{}
	for _, pair := range [][2]*specs.Spec{{full, empty}, {empty, full}} {
		raw, err := json.Marshal(pair[0])
		if err != nil {
			t.Fatal(err)
		}
		before, err := Decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		checkPatch(t, raw, before, pair[1])
	}
	each(reflect.ValueOf(full).Elem(), func(v reflect.Value) {
		raw, _ := json.Marshal(full)
		before, err := Decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		kept := reflect.New(v.Type()).Elem()
		kept.Set(v)
		v.SetZero()
		checkPatch(t, raw, before, full)
		v.Set(kept)
	})
}

// each calls do for every field of every struct that can be reached without
// a map.
func each(v reflect.Value, do func(reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer:
		each(v.Elem(), do)
	case reflect.Slice:
		each(v.Index(0), do)
	case reflect.Struct:
		for i := range v.NumField() {
			do(v.Field(i))
			each(v.Field(i), do)
		}
	}
}

// checkPatch patches raw from before to after and wants a document that
// decodes to after.
func checkPatch(t *testing.T, raw []byte, before, after *specs.Spec) []byte {
	t.Helper()
	out, err := Patch(raw, before, after)
	if err != nil {
		t.Fatalf("Patch(%s): %v", raw, err)
	}
	got, err := Decode(out)
	if err != nil {
		t.Fatalf("the patched document does not decode: %v\n%s", err, out)
	}
	have, _ := json.Marshal(got)
	want, _ := json.Marshal(after)
	if string(have) != string(want) {
		t.Fatalf("patched %s\ninto %s\nwhich decodes to %s\nwant %s", raw, out, have, want)
	}
	return out
}
