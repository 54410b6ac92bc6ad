package schema

import (
	"reflect"
	"regexp"
	"strings"

	"github.com/specguard/specguard/policy"
)

// IsRequired takes the sentence out of a field's comment that says that the field is required.
func IsRequired(text string) (string, bool) {
	out := strings.TrimSpace(regexp.MustCompile(`\s*\bIt\s+is\s+required\.`).ReplaceAllString(text, ""))
	return out, out != text
}

// Inside returns the struct that a field's value is or consists of, and what
// leads there; nil if there is none.
func Inside(t reflect.Type) (in reflect.Type, step string) {
	step = "."
	for {
		switch {
		case ReadsText(t):
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

// Words says in words what a field of the type takes. code marks what stands in a document as
// it is.
func Words(t reflect.Type, code func(string) string) string {
	values := func(values ...string) string {
		for i, v := range values {
			values[i] = code(v)
		}
		return strings.Join(values, ", ")
	}
	switch {
	case ReadsText(t):
		title, all := Scalar(t)
		if title == "" {
			return values(all...)
		}
		return title
	case t.Kind() == reflect.Pointer:
		return Words(t.Elem(), code)
	case t.Kind() == reflect.Slice:
		return "list of " + plural(t.Elem(), code)
	case t.Kind() == reflect.Map:
		return plural(t.Elem(), code) + " by " + Words(t.Key(), code)
	case t.Kind() == reflect.Struct:
		var keys []string
		for _, f := range Fields(t) {
			keys = append(keys, f.Key)
		}
		return code("{" + strings.Join(keys, ", ") + "}")
	case t.Kind() == reflect.Bool:
		return values("true", "false")
	case t.Kind() == reflect.String:
		return "text"
	default:
		return "whole number"
	}
}

// plural is a kind of value as a noun in the plural, or the values themselves.
func plural(t reflect.Type, code func(string) string) string {
	noun := Words(t, code)
	if title, _ := Scalar(t); title == "" && ReadsText(t) || t.Kind() == reflect.Struct && !ReadsText(t) || t.Kind() == reflect.Bool {
		return noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok {
		return stem + "ies"
	}
	return noun + "s"
}

// Sentence is the first sentence of a rule's comment, without the full stop.
func Sentence(d Doc, t reflect.Type) string {
	text, _, _ := strings.Cut(Lead(d.Text, t.Name()), "\n\n")
	sentence, _, _ := strings.Cut(strings.Join(strings.Fields(text), " ")+" ", ". ")
	return strings.TrimSuffix(strings.TrimSpace(sentence), ".")
}

// Decides says when rules of the kind decide.
func Decides(k policy.RuleKind) string {
	if k.Early && k.NeedsImage {
		return "at creation, if the runtime shows the image by then; else before the start"
	}
	return DecidesShort(k)
}

// DecidesShort says in few words when rules of the kind decide.
func DecidesShort(k policy.RuleKind) string {
	switch {
	case k.Early && k.NeedsImage:
		return "at creation or before the start"
	case k.Early:
		return "at creation"
	default:
		return "before the start"
	}
}

// ExampleOf puts a rule's example under the rule's name.
func ExampleOf(name, text string) string {
	if strings.HasPrefix(text, "{") {
		return name + ": " + text
	}
	return name + ":\n  " + strings.ReplaceAll(text, "\n", "\n  ")
}
