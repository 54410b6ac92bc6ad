package ocispec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// ErrAmbiguous is the error for a document in which a member to edit occurs twice, or in
// two spellings that decoders treat as the same.
var ErrAmbiguous = errors.New("ambiguous member")

// Patch returns raw with the edits that lead from before to after. before must be the
// result of Decode for raw. Members that are the same in both, and members that the types
// do not know, keep their bytes.
func Patch(raw []byte, before, after *specs.Spec) ([]byte, error) {
	out, err := patchValue(raw, reflect.ValueOf(before).Elem(), reflect.ValueOf(after).Elem())
	if err != nil {
		return nil, fmt.Errorf("patch OCI spec: %w", err)
	}
	return out, nil
}

// PatchProcess is Patch for the result of DecodeProcess.
func PatchProcess(raw []byte, before, after *specs.Process) ([]byte, error) {
	out, err := patchValue(raw, reflect.ValueOf(before).Elem(), reflect.ValueOf(after).Elem())
	if err != nil {
		return nil, fmt.Errorf("patch OCI process: %w", err)
	}
	return out, nil
}

// patchValue returns raw, the JSON of before, changed into the JSON of after.
func patchValue(raw []byte, before, after reflect.Value) ([]byte, error) {
	if equal(before, after) {
		return raw, nil
	}
	return patchUnequal(raw, before, after)
}

func patchUnequal(raw []byte, before, after reflect.Value) ([]byte, error) {
	if isNull(raw) {
		return json.Marshal(after.Interface())
	}
	switch after.Kind() {
	case reflect.Pointer:
		if before.IsNil() || after.IsNil() {
			return json.Marshal(after.Interface())
		}
		return patchUnequal(raw, before.Elem(), after.Elem())
	case reflect.Struct:
		return patchStruct(raw, before, after)
	case reflect.Map:
		return patchMap(raw, before, after)
	case reflect.Slice:
		if base(after.Type().Elem()).Kind() == reflect.Struct {
			return patchSlice(raw, before, after)
		}
	}
	return json.Marshal(after.Interface())
}

func patchStruct(raw []byte, before, after reflect.Value) ([]byte, error) {
	obj, err := parseObject(raw)
	if err != nil {
		return nil, err
	}
	if err := patchFields(obj, before, after); err != nil {
		return nil, err
	}
	return obj.bytes(), nil
}

func patchFields(obj *object, before, after reflect.Value) error {
	t := after.Type()
	for i := range t.NumField() {
		b, a := before.Field(i), after.Field(i)
		if t.Field(i).Anonymous { // its members stand in the same object
			if err := patchFields(obj, b, a); err != nil {
				return err
			}
			continue
		}
		name, omitEmpty := jsonName(t.Field(i))
		if name == "" || equal(b, a) {
			continue
		}
		if err := patchField(obj, name, omitEmpty && isEmpty(a), b, a); err != nil {
			return err
		}
	}
	return nil
}

func patchField(obj *object, name string, remove bool, before, after reflect.Value) error {
	at, err := obj.find(name)
	if err != nil {
		return err
	}
	var value []byte
	switch {
	case remove:
		obj.remove(at)
		return nil
	case at < 0:
		if value, err = json.Marshal(after.Interface()); err == nil {
			obj.add(name, value)
		}
	default:
		if value, err = patchUnequal(obj.members[at].value, before, after); err == nil {
			obj.members[at].value = value
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// patchMap edits a JSON object that decodes into a map: here names are data,
// so only the exact name counts.
func patchMap(raw []byte, before, after reflect.Value) ([]byte, error) {
	obj, err := parseObject(raw)
	if err != nil {
		return nil, err
	}
	for it := before.MapRange(); it.Next(); {
		if !after.MapIndex(it.Key()).IsValid() {
			obj.remove(obj.exact(it.Key().String()))
		}
	}
	for _, key := range sortedKeys(after) {
		a, b, at := after.MapIndex(key), before.MapIndex(key), obj.exact(key.String())
		if at >= 0 && b.IsValid() {
			if obj.members[at].value, err = patchValue(obj.members[at].value, b, a); err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			continue
		}
		v, err := json.Marshal(a.Interface())
		if err != nil {
			return nil, err
		}
		obj.remove(at)
		obj.add(key.String(), v)
	}
	return obj.bytes(), nil
}

// patchSlice edits an array of objects. An element that stands unchanged in
// both keeps its bytes wherever it moves; one that was edited is patched from
// the element of the same names (a mount's destination, type and source).
func patchSlice(raw []byte, before, after reflect.Value) ([]byte, error) {
	elems, err := parseArray(raw)
	if err != nil {
		return nil, err
	}
	if len(elems) != before.Len() {
		return nil, fmt.Errorf("array of %d elements decoded to %d", len(elems), before.Len())
	}
	from := align(before, after)
	var out bytes.Buffer
	out.WriteByte('[')
	for i := range after.Len() {
		var v []byte
		if j := from[i]; j >= 0 {
			v, err = patchValue(elems[j], before.Index(j), after.Index(i))
		} else {
			v, err = json.Marshal(after.Index(i).Interface())
		}
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(v)
	}
	out.WriteByte(']')
	return out.Bytes(), nil
}

// align maps each element of after to the element of before that it comes
// from, or to -1: equal ones first, then those of the same names.
func align(before, after reflect.Value) []int {
	from := make([]int, after.Len())
	used := make([]bool, before.Len())
	pair := func(same func(b, a reflect.Value) bool) {
		for i := range from {
			if from[i] >= 0 {
				continue
			}
			for j := range used {
				if !used[j] && same(before.Index(j), after.Index(i)) {
					from[i], used[j] = j, true
					break
				}
			}
		}
	}
	for i := range from {
		from[i] = -1
	}
	pair(equal)
	pair(func(b, a reflect.Value) bool { return names(b) != nil && slices.Equal(names(b), names(a)) })
	return from
}

// names are an element's string members, by which it is known: a mount's
// destination, type and source, the path of a device or hook, the type of a
// namespace or rlimit; nil if the first is missing.
func names(v reflect.Value) []string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	var out []string
	for i := range v.NumField() {
		if v.Field(i).Kind() == reflect.String {
			out = append(out, v.Field(i).String())
		}
	}
	if len(out) == 0 || out[0] == "" {
		return nil
	}
	return out
}

func base(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// jsonName returns the member name of a struct field and whether it is left out
// when empty; "" for a field that encoding/json does not write.
func jsonName(f reflect.StructField) (name string, omitEmpty bool) {
	tag, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
	switch {
	case !f.IsExported() || tag == "-":
		return "", false
	case tag == "":
		tag = f.Name
	}
	return tag, strings.Contains(opts, "omitempty")
}

// isEmpty is encoding/json's meaning of omitempty.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.Array, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	default:
		return v.IsZero()
	}
}

func equal(b, a reflect.Value) bool {
	if b.CanAddr() && a.CanAddr() { // saves a copy
		b, a = b.Addr(), a.Addr()
	}
	return reflect.DeepEqual(b.Interface(), a.Interface())
}

func isNull(raw []byte) bool { return string(bytes.TrimSpace(raw)) == "null" }
