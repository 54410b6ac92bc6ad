package reference

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/specguard/specguard/internal/schema"
	"github.com/specguard/specguard/policy"
)

// fields is the table of a rule's fields; nothing where it has none of its own.
func (w *page) fields(t reflect.Type) {
	rows := w.rows(t, "", make(map[reflect.Type]bool))
	if len(rows) == 0 {
		return
	}
	fmt.Fprintln(w)
	w.table("field", "value", "default", "")
	for _, r := range rows {
		w.row(r...)
	}
}

// rows describes the fields of the struct, and of those in it, each struct once.
// The prefix is where the struct stands.
func (w *page) rows(t reflect.Type, prefix string, seen map[reflect.Type]bool) [][]string {
	var out [][]string
	for _, f := range schema.Fields(t) {
		if f.Owner == reflect.TypeFor[policy.Base]() {
			continue
		}
		text, def := schema.SplitDefault(w.comments.OfField(f))
		text, required := schema.IsRequired(text)
		switch {
		case required || slices.Contains(schema.Required(t), f.Key):
			def = "required"
		case f.Type.Kind() == reflect.Bool:
			def = "`false`"
		default:
			def = markdown(def, t)
		}
		out = append(out, []string{"`" + prefix + f.Key + "`", w.value(f.Type), def, markdown(schema.Lead(text, f.Name), t)})
		if in, step := schema.Inside(f.Type); in != nil && !seen[in] {
			seen[in] = true
			out = append(out, w.rows(in, prefix+f.Key+step, seen)...)
		}
	}
	return out
}

// value says in words what a field of the type takes, and keeps which kinds of values there are.
func (w *page) value(t reflect.Type) string {
	for in := t; ; in = in.Elem() {
		if schema.ReadsText(in) {
			if title, _ := schema.Scalar(in); title != "" {
				w.values[title] = in
			}
			break
		}
		if k := in.Kind(); k != reflect.Pointer && k != reflect.Slice && k != reflect.Map {
			break
		}
	}
	return schema.Words(t, code)
}

func code(text string) string { return "`" + text + "`" }

// kinds explains the kinds of values.
func (w *page) kinds() {
	fmt.Fprintf(w, "\n## Values\n\n")
	w.table("value", "")
	byTitle := func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }
	for _, title := range slices.SortedFunc(maps.Keys(w.values), byTitle) {
		t := w.values[title]
		text := markdown(schema.Lead(w.comments.Of(t).Text, t.Name()), t)
		if _, values := schema.Scalar(t); values != nil {
			text += " One of " + code(strings.Join(values, "`, `")) + "."
		}
		w.row(title, text)
	}
}
