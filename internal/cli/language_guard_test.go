package cli

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/schema"
	"github.com/specguard/specguard/policy"
)

// withoutRow are the fields that no row of TestLanguage has, and why.
func withoutRow() map[string]string {
	const notRead, assumed = "is not read", "check and test assume that the node has the security module"
	return map[string]string{
		"Policy.metadata.labels": notRead, "Policy.metadata.annotations": notRead,
		"Exception.metadata.labels": notRead, "Exception.metadata.annotations": notRead,
		"Policy.spec.rules.appArmorProfile.required": assumed, "Policy.spec.rules.seLinuxOptions.required": assumed,
	}
}

// TestLanguageIsWhole: every field of the language is in a row, every rule denies in one, and
// every rule that can adjust does. Rows of invalid policies do not count.
func TestLanguageIsWhole(t *testing.T) {
	used, denies, adjusts, allows := make(map[string]bool), make(map[string]bool), make(map[string]bool), make(map[string]bool)
	for _, r := range languageRows(t) {
		if r.Invalid != "" {
			continue
		}
		for _, d := range r.documents() {
			usedFields(used, d["kind"].(string), d)
		}
		for _, c := range r.Cases {
			for _, w := range wanted(c.Violations) {
				denies[w.rule] = true
			}
			for _, w := range wanted(c.Changes) {
				adjusts[w.rule] = true
			}
			for _, w := range wanted(c.Excepted) {
				allows[w.rule] = allows[w.rule] || r.file == "allow" && c.Violations == nil
			}
		}
	}
	without := withoutRow()
	for _, f := range languageFields() {
		if _, ok := without[f]; used[f] == ok {
			t.Errorf("%s: in a row: %v, in the list of those without: %v", f, used[f], ok)
		}
		delete(without, f)
	}
	if len(without) > 0 {
		t.Errorf("no such fields: %v", slices.Sorted(maps.Keys(without)))
	}
	for _, k := range policy.RuleKinds() {
		if !denies[k.Name] || adjusts[k.Name] != k.CanAdjust || allows[k.Name] != (k.Allows != nil) {
			t.Errorf("%s: denies %v, adjusts %v (can: %v), allows more in an exception %v (has lists: %v)", k.Name,
				denies[k.Name], adjusts[k.Name], k.CanAdjust, allows[k.Name], k.Allows)
		}
	}
	for _, value := range []string{
		"onViolation=reject", "onViolation=adjust", "onViolation=audit", "onViolation=ignore", "on=request", "on=result",
		"mode=enforce", "mode=audit", "remove=none", "remove=readOnly", "remove=writable", "expires=never",
	} {
		if !used[value] {
			t.Errorf("no row has %s", value)
		}
	}
}

// TestLanguageFieldsTell: each field of the language makes a difference in a row: without it, the
// policies are invalid, or check decides otherwise.
func TestLanguageFieldsTell(t *testing.T) {
	rows := slices.DeleteFunc(languageRows(t), func(r languageRow) bool { return r.Invalid != "" })
	without := withoutRow()
	for _, f := range languageFields() {
		if _, ok := without[f]; ok || slices.ContainsFunc(rows, func(r languageRow) bool { return r.tells(t, f) }) {
			continue
		}
		t.Errorf("%s: no row is decided otherwise without it", f)
	}
}

// tells reports whether the row needs the field.
func (r *languageRow) tells(t *testing.T, field string) bool {
	t.Helper()
	documents := r.documents()
	removed := false
	for i, d := range documents {
		documents[i] = withoutField(&removed, d["kind"].(string), d, field).(object)
	}
	if !removed {
		return false
	}
	dir := t.TempDir()
	r.write(t, dir, documents)
	for i := range r.Cases {
		if faults, _ := r.check(t, dir, i); len(faults) > 0 {
			return true
		}
	}
	return false
}

// withoutField is a part of a document, which stands at the path, without the field.
func withoutField(removed *bool, path string, v any, field string) any {
	switch v := v.(type) {
	case object:
		out := make(object)
		for key, value := range v {
			inner := path + "." + key
			if inner == field || field == fieldPath(inner) {
				*removed = true
				continue
			}
			out[key] = withoutField(removed, inner, value, field)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, value := range v {
			out[i] = withoutField(removed, path, value, field)
		}
		return out
	default:
		return v
	}
}

// fieldPath is the path with * for the rule, if every rule has the field.
func fieldPath(path string) string {
	parts := strings.Split(path, ".")
	if len(parts) == 5 && strings.HasPrefix(path, "Policy.spec.rules.") && (parts[4] == "onViolation" || parts[4] == "on") {
		parts[3] = "*"
	}
	return strings.Join(parts, ".")
}

// usedFields collects the fields of a part of a document by their paths, and texts as field=value.
func usedFields(out map[string]bool, path string, v any) {
	field := path[strings.LastIndex(path, ".")+1:]
	out[fieldPath(path)] = true
	value := reflect.ValueOf(v)
	switch value.Kind() {
	case reflect.Map:
		for _, key := range value.MapKeys() {
			usedFields(out, path+"."+key.String(), value.MapIndex(key).Interface())
		}
	case reflect.Slice:
		for i := range value.Len() {
			usedFields(out, path, value.Index(i).Interface())
		}
	case reflect.String:
		out[field+"="+value.String()] = true
	}
}

// languageFields are all fields of the language by their paths.
func languageFields() []string {
	var out []string
	var walk func(path string, t reflect.Type)
	walk = func(path string, t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || schema.ReadsText(t) {
			return
		}
		for _, f := range schema.Fields(t) {
			switch inner := path + "." + f.Key; {
			case f.Owner == reflect.TypeFor[policy.Base]():
				out = append(out, "Policy.spec.rules.*."+f.Key)
			case f.Type == reflect.TypeFor[yaml.Node]():
			default:
				out = append(out, inner)
				walk(inner, f.Type)
			}
		}
	}
	for _, k := range policy.DocumentKinds() {
		walk(k.Name, reflect.TypeOf(k.Head))
		walk(k.Name+".spec", reflect.TypeOf(k.Spec))
	}
	for _, k := range policy.RuleKinds() {
		out = append(out, "Policy.spec.rules."+k.Name)
		walk("Policy.spec.rules."+k.Name, reflect.TypeOf(k.Config))
		switch len(k.Allows) {
		case 0:
		case 1:
			out = append(out, "Exception.spec.allow."+k.Name)
		default:
			for _, list := range k.Allows {
				out = append(out, "Exception.spec.allow."+k.Name+"."+list)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
