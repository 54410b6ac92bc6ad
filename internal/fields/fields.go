// Package fields is the table of the fields of an OCI runtime spec: which rules
// judge each, or why none does.
package fields

import (
	_ "embed"
	"reflect"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/strict"
)

//go:embed fields.yaml
var data []byte

// Row is what the table says about some fields.
type Row struct {
	// Fields are paths as in config.json (process.user.uid). The values of lists and maps have
	// [] instead of a name (mounts[].options). A * matches any name.
	Fields []Path `yaml:"fields"`

	// Whole: the row also covers all fields below.
	Whole bool `yaml:"whole"`

	// Rules are the names of the rules that read the fields.
	Rules []string `yaml:"rules"`

	// Custom: the operator decides with rule custom whether it matters.
	Custom bool `yaml:"custom"`

	// Why says what is worth knowing. Without rules, it says why that is safe.
	Why string `yaml:"why"`
}

// Path is the path of a field.
type Path string

// Table returns the rows, in the order of the spec.
func Table() ([]Row, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	var table struct {
		Rows []Row `yaml:"rows"`
	}
	for _, err := range strict.Decode(doc.Content[0], &table, "fields.yaml") {
		return nil, err
	}
	return table.Rows, nil
}

// Has reports whether the row covers the field.
func (r *Row) Has(field Path) bool {
	return slices.ContainsFunc(r.Fields, func(p Path) bool { return p.covers(field, r.Whole) })
}

// covers reports whether the path stands for the field, or for one above it where
// that is enough.
func (p Path) covers(field Path, below bool) bool {
	names, parts := strings.Split(string(p), "."), strings.Split(string(field), ".")
	if len(parts) < len(names) || len(parts) > len(names) && !below {
		return false
	}
	last := len(names) - 1
	for i, name := range names[:last] {
		if !same(name, parts[i]) {
			return false
		}
	}
	return same(names[last], parts[last]) || below && same(names[last]+"[]", parts[last])
}

// same reports whether a name in a path of the table stands for one of a field.
func same(name, part string) bool {
	if suffix, wild := strings.CutPrefix(name, "*"); wild {
		return strings.HasSuffix(part, "[]") == (suffix == "[]")
	}
	return name == part
}

// All returns the paths of all fields of the spec, in its order.
func All() []Path { return below("", reflect.TypeFor[specs.Spec]()) }

// below returns the paths of the fields of the type, which is at that path.
func below(at string, t reflect.Type) []Path {
	switch t.Kind() {
	case reflect.Pointer:
		return below(at, t.Elem())
	case reflect.Slice, reflect.Map:
		return below(at+"[]", t.Elem())
	case reflect.Struct:
	default:
		return nil
	}
	var out []Path
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			out = append(out, below(at, f.Type)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		path := strings.TrimPrefix(at+"."+name, ".")
		out = append(append(out, Path(path)), below(path, f.Type)...)
	}
	return out
}
