package schema

import (
	"path"
	"reflect"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// Comments are doc comments by name: of a type ("policy.Match"), a field
// ("policy.Match.Images") or the value of a constant ("policy.Action=reject").
type Comments map[string]string

// Of returns the comment of a type.
func (c Comments) Of(t reflect.Type) Doc { return Parse(c[key(t)]) }

// OfField returns the comment of a field.
func (c Comments) OfField(f Field) string { return c[f.comment()] }

// OfValue returns the comment of a value of a type; "" if it has none.
func (c Comments) OfValue(t reflect.Type, value string) string { return c[valueKey(t, value)] }

func key(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return path.Base(t.PkgPath()) + "." + t.Name()
}

func valueKey(t reflect.Type, value string) string { return key(t) + "=" + value }

func (f Field) comment() string { return key(f.Owner) + "." + f.Name }

// Doc is the comment of a rule, in its parts.
type Doc struct {
	Text                            string
	Reads, Adjusts, Source, Example string
}

// section begins the part of a rule's comment that has that name.
var section = regexp.MustCompile(`(?m)^(Reads|Adjusts|Source|Example):[ \n]\s*`)

// Parse splits a rule's comment into its parts.
func Parse(comment string) Doc {
	var d Doc
	part, start := &d.Text, 0
	parts := map[string]*string{"Reads": &d.Reads, "Adjusts": &d.Adjusts, "Source": &d.Source, "Example": &d.Example}
	for _, m := range section.FindAllStringSubmatchIndex(comment, -1) {
		*part = strings.TrimSpace(comment[start:m[0]])
		part, start = parts[comment[m[2]:m[3]]], m[1]
	}
	*part = strings.TrimSpace(comment[start:])
	d.Example = strings.ReplaceAll(d.Example, "\n\t", "\n")
	return d
}

// example reads the example.
func (d Doc) example() (any, bool) {
	var v any
	err := yaml.Unmarshal([]byte(d.Example), &v)
	return v, err == nil && v != nil
}

// SplitDefault splits the comment of a field at its last sentence, "Default: ...".
func SplitDefault(comment string) (text, def string) {
	text, def, _ = strings.Cut(comment, "Default: ")
	return strings.TrimSpace(text), strings.TrimSuffix(strings.Join(strings.Fields(def), " "), ".")
}
