package schema

import (
	"reflect"
	"regexp"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

// Plain is a comment for people who write documents: in long lines, without the
// Go name that it begins with, and with the names of fields as they are in YAML.
func Plain(comment, name string, owner reflect.Type) string {
	return Rename(Unwrap(Lead(comment, name)), owner, func(key string) string { return key })
}

// Unwrap joins the lines of paragraphs. What is indented stays as it is.
func Unwrap(comment string) string {
	return regexp.MustCompile(`([^\n])\n([^\s])`).ReplaceAllString(comment, "$1 $2")
}

// Lead removes the name with which a doc comment begins: "Max is the largest limit" becomes
// "The largest limit".
func Lead(comment, name string) string {
	rest, ok := strings.CutPrefix(comment, name)
	at := regexp.MustCompile(`^(:| lists| is| are)?\s+`).FindStringIndex(rest)
	if !ok || at == nil {
		return comment
	}
	rest = rest[at[1]:]
	for i, r := range rest {
		return rest[:i] + string(unicode.ToUpper(r)) + rest[i+len(string(r)):]
	}
	return comment
}

// word is what can be a field's name in Go, or is one in YAML.
var word = regexp.MustCompile(`\b([A-Z][A-Za-z]*[a-z][A-Za-z]*|[a-z]+[A-Z][A-Za-z]*)\b`)

// Rename replaces the names of the struct's fields, and of those in it, with their YAML
// names. A plain word at the beginning of a sentence or a quotation is no name, nor is a
// part of a path such as spec.rules.
func Rename(text string, owner reflect.Type, as func(key string) string) string {
	own, all := make(map[string]string), make(map[string]string)
	names(owner, own, all)
	var out strings.Builder
	end := 0
	for _, m := range word.FindAllStringIndex(text, -1) {
		name, before := text[m[0]:m[1]], strings.TrimRight(text[:m[0]], " \n(")
		key, ok := own[name]
		if strings.ContainsFunc(name[1:], unicode.IsUpper) {
			key, ok = all[name]
		} else if before == "" || strings.HasSuffix(before, ".") || strings.HasSuffix(before, `"`) {
			ok = false
		}
		if ok && !strings.HasSuffix(text[:m[0]], ".") {
			out.WriteString(text[end:m[0]] + as(key))
			end = m[1]
		}
	}
	return out.String() + text[end:]
}

// names gathers the fields' names: the struct's own, and all that are in it.
func names(t reflect.Type, own, all map[string]string) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || ReadsText(t) || t == reflect.TypeFor[yaml.Node]() {
		return
	}
	for _, f := range Fields(t) {
		own[f.Name], all[f.Name], all[f.Key] = f.Key, f.Key, f.Key
		names(f.Type, make(map[string]string), all)
	}
}
