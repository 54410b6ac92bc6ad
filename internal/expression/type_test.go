package expression

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"testing"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/ocispec/ocispectest"
)

// TestSpecInExpressions: every member of a spec is there that its JSON has,
// with the value that it has there, and no other.
func TestSpecInExpressions(t *testing.T) {
	full := &specs.Spec{}
	ocispectest.Fill(reflect.ValueOf(full).Elem())
	for _, s := range []*specs.Spec{
		full, {}, {Mounts: []specs.Mount{}, Annotations: map[string]string{}}, readSpec(t, "testdata/plain.json"), readSpec(t, "testdata/privileged.json"),
		readSpec(t, "../../policy/testdata/containerd-2.4.2-privileged.json"), readSpec(t, "../../policy/testdata/containerd-2.4.2-unprivileged.json"),
	} {
		d := json.NewDecoder(bytes.NewReader(asJSON(t, s)))
		d.UseNumber()
		var doc any
		if err := d.Decode(&doc); err != nil {
			t.Fatal(err)
		}
		env := New(Variable{Name: "spec", Type: "Spec", Of: reflect.TypeFor[specs.Spec]()})
		sameAsJSON(t, "spec", env.variables["spec"].object(&meter{}, s), doc)
	}
}

// readSpec reads a spec from a file.
func readSpec(t *testing.T, file string) *specs.Spec {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var spec specs.Spec
	if err := json.Unmarshal(raw, &spec); err != nil {
		t.Fatal(err)
	}
	return &spec
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sameAsJSON(t *testing.T, path string, v ref.Val, doc any) {
	t.Helper()
	switch v := v.(type) {
	case *object:
		doc := maps.Clone(doc.(map[string]any))
		for key, m := range v.typ.members {
			field, there := doc[key]
			delete(doc, key)
			if v.has(m) != there {
				t.Errorf("%s.%s: there is %v", path, key, there)
			}
			if got, err := v.get(m); there {
				sameAsJSON(t, path+"."+key, got, field)
			} else if z, ok := got.(traits.Zeroer); err == nil && !(ok && z.IsZeroValue()) {
				t.Errorf("%s.%s: reads as %v", path, key, got)
			}
		}
		for key := range doc {
			if !slices.Contains([]string{"solaris", "windows", "vm", "zos", "freebsd", "commandLine", "username"}, key) {
				t.Errorf("%s.%s cannot be read", path, key)
			}
		}
	case traits.Lister:
		list := doc.([]any)
		if v.Size() != types.Int(len(list)) {
			t.Errorf("%s: %v elements, want %d", path, v.Size(), len(list))
		}
		for i, e := range list {
			sameAsJSON(t, fmt.Sprintf("%s[%d]", path, i), v.Get(types.Int(i)), e)
		}
	case traits.Mapper:
		table := doc.(map[string]any)
		if v.Size() != types.Int(len(table)) {
			t.Errorf("%s: %v entries, want %d", path, v.Size(), len(table))
		}
		for k, e := range table {
			sameAsJSON(t, path+"."+k, v.Get(types.String(k)), e)
		}
	default:
		if fmt.Sprint(v.Value()) != fmt.Sprint(doc) {
			t.Errorf("%s: %v, want %v", path, v, doc)
		}
	}
}
