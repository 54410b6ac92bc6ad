package reference

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
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
		text, required := isRequired(text)
		switch {
		case required || slices.Contains(schema.Required(t), f.Key):
			def = "required"
		case f.Type.Kind() == reflect.Bool:
			def = "`false`"
		default:
			def = markdown(def, t)
		}
		out = append(out, []string{"`" + prefix + f.Key + "`", w.value(f.Type), def, markdown(schema.Lead(text, f.Name), t)})
		if in, step := inside(f.Type); in != nil && !seen[in] {
			seen[in] = true
			out = append(out, w.rows(in, prefix+f.Key+step, seen)...)
		}
	}
	return out
}

// isRequired takes the sentence out of a field's comment that says so.
func isRequired(text string) (string, bool) {
	out := strings.TrimSpace(regexp.MustCompile(`\s*\bIt\s+is\s+required\.`).ReplaceAllString(text, ""))
	return out, out != text
}

// inside returns the struct that a field's value is or consists of, and what
// leads there; nil if there is none.
func inside(t reflect.Type) (in reflect.Type, step string) {
	step = "."
	for {
		switch {
		case schema.ReadsText(t):
			return nil, ""
		case t.Kind() == reflect.Struct:
			return t, step
		case t.Kind() == reflect.Slice:
			step = "[]."
		case t.Kind() == reflect.Map:
			step = ".*."
		case t.Kind() != reflect.Pointer:
			return nil, ""
		}
		t = t.Elem()
	}
}

// value says in words what a field of the type takes.
func (w *page) value(t reflect.Type) string {
	switch {
	case schema.ReadsText(t):
		title, values := schema.Scalar(t)
		if title == "" {
			return code(values)
		}
		w.values[title] = t
		return title
	case t.Kind() == reflect.Pointer:
		return w.value(t.Elem())
	case t.Kind() == reflect.Slice:
		return "list of " + plural(w.value(t.Elem()))
	case t.Kind() == reflect.Map:
		return plural(w.value(t.Elem())) + " by " + w.value(t.Key())
	case t.Kind() == reflect.Struct:
		var keys []string
		for _, f := range schema.Fields(t) {
			keys = append(keys, f.Key)
		}
		return "`{" + strings.Join(keys, ", ") + "}`"
	case t.Kind() == reflect.Bool:
		return "`true`, `false`"
	case t.Kind() == reflect.String:
		return "text"
	default:
		return "whole number"
	}
}

func code(values []string) string { return "`" + strings.Join(values, "`, `") + "`" }

func plural(noun string) string {
	if strings.HasSuffix(noun, "`") {
		return noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok {
		return stem + "ies"
	}
	return noun + "s"
}

// kinds explains the kinds of values.
func (w *page) kinds() {
	fmt.Fprintf(w, "\n## Values\n\n")
	w.table("value", "")
	byTitle := func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }
	for _, title := range slices.SortedFunc(maps.Keys(w.values), byTitle) {
		t := w.values[title]
		text := markdown(schema.Lead(w.comments.Of(t).Text, t.Name()), t)
		if _, values := schema.Scalar(t); values != nil {
			text += " One of " + code(values) + "."
		}
		w.row(title, text)
	}
}
