package explain

import (
	"reflect"
	"slices"
	"strings"

	"github.com/specguard/specguard/internal/schema"
	"github.com/specguard/specguard/policy"
)

// topic explains what is not a profile.
func (e *explainer) topic(t topic) []Section {
	switch {
	case t.rule != nil:
		return e.rule(t)
	case t.field != nil:
		return e.field(t)
	case t.kind != "":
		return append([]Section{
			{Title: "KIND", Value: t.kind + " (" + policy.APIVersion + ")"},
			{Title: "DESCRIPTION", Text: lines(schema.Plain(e.comments.Of(t.t).Text, t.t.Name(), t.t))},
		}, e.fields(t)...)
	default:
		return append([]Section{{Title: "FIELD", Value: t.place}}, e.fields(t)...)
	}
}

// rule explains a rule.
func (e *explainer) rule(t topic) []Section {
	k, doc := *t.rule, e.comments.Of(t.t)
	out := []Section{
		{Title: "RULE", Value: k.Name + " (" + t.place + " of a Policy)"},
		{Title: "DESCRIPTION", Text: lines(schema.Plain(doc.Text, t.t.Name(), t.t))},
	}
	out = append(out, e.fields(t)...)
	if doc.Example != "" {
		out = append(out, Section{Title: "EXAMPLE", Text: lines(schema.ExampleOf(k.Name, doc.Example)), Code: true})
	}
	for _, s := range []Section{
		{Title: "READS", Text: lines(schema.Plain(doc.Reads, "", t.t))},
		{Title: "ADJUSTS", Text: lines(schema.Plain(doc.Adjusts, "", t.t))},
		{Title: "DECIDES", Text: []string{schema.Decides(k) + "."}},
		{Title: "SOURCE", Text: lines(schema.Plain(doc.Source, "", t.t))},
		{Title: "IN PROFILES", Text: inProfiles(k.Name)},
		{Title: "EXCEPTIONS", Text: exceptionsFrom(k)},
	} {
		if len(s.Text) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// inProfiles are the profiles that say something of the rule.
func inProfiles(rule string) []string {
	var out []string
	for _, name := range policy.Profiles() {
		p, err := schema.ReadProfile(name)
		if err != nil {
			continue
		}
		for _, r := range p.Rules {
			if r.Name != rule {
				continue
			}
			line := name + ": " + r.Settings
			if p.Extends != "" {
				line += " (in addition to what " + p.Extends + " says)"
			}
			out = append(out, line)
		}
	}
	return out
}

func exceptionsFrom(k policy.RuleKind) []string {
	if len(k.Allows) == 0 {
		return []string{"An exception excuses from all of the rule (rules)."}
	}
	return []string{"An exception excuses from all of the rule (rules), or adds to " + strings.Join(k.Allows, ", ") + " (allow)."}
}

// rules lists all rules.
func (e *explainer) rules() []Section {
	var text []string
	for _, k := range policy.RuleKinds() {
		t := reflect.TypeOf(k.Config).Elem()
		text = append(text, k.Name+"\t"+schema.Plain(schema.Sentence(e.comments.Of(t), t), "", t))
	}
	return []Section{{Title: "RULES", Text: text}}
}

// field explains a field.
func (e *explainer) field(t topic) []Section {
	text, def := schema.SplitDefault(e.comments.OfField(*t.field))
	text, required := schema.IsRequired(text)
	out := []Section{
		{Title: "FIELD", Value: t.place + " <" + e.value(t) + ">"},
		{Title: "DESCRIPTION", Text: lines(schema.Plain(text, t.field.Name, t.field.Owner))},
	}
	if required || slices.Contains(schema.Required(t.field.Owner), t.field.Key) {
		out = append(out, Section{Title: "REQUIRED"})
	} else if def != "" {
		out = append(out, Section{Title: "DEFAULT", Value: schema.Plain(def, "", t.field.Owner)})
	}
	out = append(out, e.values(t.t)...)
	return append(out, e.fields(t)...)
}

// value says what the field takes.
func (e *explainer) value(t topic) string {
	if schema.IsRules(t.field) || schema.IsAllow(t.field) {
		return "settings by rule"
	}
	if t.t == nil {
		return "lists by name"
	}
	return schema.Words(t.t, func(s string) string { return s })
}

// values explains the values of a type that reads text.
func (e *explainer) values(t reflect.Type) []Section {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		if schema.ReadsText(t) {
			break
		}
		t = t.Elem()
	}
	if !schema.ReadsText(t) {
		return nil
	}
	title, all := schema.Scalar(t)
	var text []string
	for _, v := range all {
		line := v
		if about := e.comments.OfValue(t, v); about != "" {
			line += "\t" + about
		}
		text = append(text, line)
	}
	if about := schema.Plain(e.comments.Of(t).Text, t.Name(), t); about != "" && title != "" && title != "text" {
		text = append(text, "A "+title+": "+about)
	}
	if text == nil {
		return nil
	}
	return []Section{{Title: "VALUES", Text: text}}
}

// fields lists what is inside.
func (e *explainer) fields(t topic) []Section {
	var text []string
	for _, f := range t.inside() {
		text = append(text, f.name()+"\t"+e.entry(f))
	}
	if text == nil {
		return nil
	}
	title := "FIELDS"
	if schema.IsRules(t.field) || schema.IsAllow(t.field) {
		title = "RULES"
	}
	return []Section{{Title: title, Text: text}}
}

// entry says what a topic is, in a line.
func (e *explainer) entry(t topic) string {
	if t.rule != nil {
		return schema.Plain(schema.Sentence(e.comments.Of(t.t), t.t), "", t.t)
	}
	out := "<" + brief(e.value(t)) + ">"
	if t.field == nil {
		return out + "\n"
	}
	text, def := schema.SplitDefault(e.comments.OfField(*t.field))
	text, required := schema.IsRequired(text)
	if required || slices.Contains(schema.Required(t.field.Owner), t.field.Key) {
		out += " required"
	} else if def != "" {
		out += " default: " + schema.Plain(def, "", t.field.Owner)
	}
	first, _, _ := strings.Cut(schema.Plain(text, t.field.Name, t.field.Owner), "\n")
	return out + "\n" + sentence(first)
}

// brief is the text, or its beginning.
func brief(text string) string {
	const enough = 60
	if len(text) <= enough {
		return text
	}
	text = text[:strings.LastIndex(text[:enough], ",")] + ", ..."
	if strings.Contains(text, "{") {
		text += "}"
	}
	return text
}

// sentence is the first one of the text.
func sentence(text string) string {
	first, _, more := strings.Cut(text+" ", ". ")
	if more && !strings.HasSuffix(first, ".") {
		first += "."
	}
	return strings.TrimSpace(first)
}

// lines are the lines of a text; nil if it has none.
func lines(text string) []string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
