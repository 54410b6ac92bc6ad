// Package explain describes rules, profiles and the fields of policy documents to people, from
// the comments from which docs/rules.md is made.
package explain

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/specguard/specguard/internal/schema"
	"github.com/specguard/specguard/internal/similar"
	"github.com/specguard/specguard/policy"
)

// Section is a part of an explanation. Its text has line breaks only where it needs them: between
// paragraphs, and in lists and examples.
type Section struct {
	Title string
	Value string   // one line that belongs to the title
	Text  []string // lines
	Code  bool     // the text is a part of a document
}

// Of explains what the name stands for: a rule, a profile, a kind of document, or a field of one
// of them, as in capabilities.drop or policy.match.images. A second name is that of a profile.
func Of(names ...string) ([]Section, error) {
	c, err := schema.Embedded()
	if err != nil {
		return nil, err
	}
	e := &explainer{comments: c}
	names = profileNames(names)
	switch {
	case len(names) == 1 && isProfiles(names[0]):
		return e.profiles()
	case len(names) == 2 && isProfiles(names[0]):
		return e.profile(names[1])
	case len(names) == 2:
		return nil, fmt.Errorf("%q takes no second name (fields follow after a dot)", names[0])
	case strings.EqualFold(names[0], "rules"):
		return e.rules(), nil
	}
	t, err := find(names[0])
	if err != nil {
		return nil, err
	}
	return e.topic(t), nil
}

// explainer writes explanations.
type explainer struct{ comments schema.Comments }

// profileNames are the names, with the word profile before the name of one, however that was
// written: profile restricted, profile.restricted, restricted.
func profileNames(names []string) []string {
	if len(names) == 1 {
		if word, name, ok := strings.Cut(names[0], "."); ok && isProfiles(word) {
			return []string{word, name}
		}
		if name, _, _ := strings.Cut(names[0], "@"); slices.Contains(policy.Profiles(), name) {
			return []string{"profile", names[0]}
		}
	}
	return names
}

func isProfiles(name string) bool { return name == "profile" || name == "profiles" }

// topic is a rule, a kind of document or a field.
type topic struct {
	path  string           // as it is asked for
	place string           // where it stands in a document
	kind  string           // of document; "" for what is part of one
	rule  *policy.RuleKind // nil for other topics
	field *schema.Field    // nil for other topics
	t     reflect.Type     // what it decodes into
	parts []topic          // in place of fields, with only their paths set: rules by name
}

// topics are those that stand at the beginning of a path.
func topics() []topic {
	var out []topic
	for _, k := range schema.Documents() {
		out = append(out, topic{path: strings.ToLower(k.Name), place: "spec", kind: k.Name, t: reflect.TypeOf(k.Spec).Elem()})
	}
	spec := out[0]
	for _, k := range policy.RuleKinds() {
		out = append(out, ruleTopic(k, k.Name))
	}
	// what stands in many policies has a short name
	for _, f := range schema.Fields(spec.t) {
		if f.Key != "rules" && !isProfiles(f.Key) {
			out = append(out, topic{path: f.Key, place: "spec." + f.Key, field: &f, t: f.Type})
		}
	}
	on := schema.Fields(reflect.TypeFor[policy.Base]())[1]
	return append(out, topic{path: on.Key, place: "spec.rules.*." + on.Key, field: &on, t: on.Type})
}

func ruleTopic(k policy.RuleKind, path string) topic {
	return topic{path: path, place: "spec.rules." + k.Name, rule: &k, t: reflect.TypeOf(k.Config).Elem()}
}

// inside are the topics one step further.
func (t topic) inside() []topic {
	if schema.IsRules(t.field) {
		var out []topic
		for _, k := range policy.RuleKinds() {
			out = append(out, ruleTopic(k, t.path+"."+k.Name))
		}
		return out
	}
	if schema.IsAllow(t.field) {
		return t.allowances()
	}
	if t.parts != nil {
		return t.parts
	}
	in, _ := schema.Inside(t.t)
	if in == nil {
		return nil
	}
	step := t.place
	if t.field != nil {
		_, s := schema.Inside(t.t)
		step += strings.TrimSuffix(s, ".")
	}
	var out []topic
	for _, f := range schema.Fields(in) {
		out = append(out, topic{path: t.path + "." + f.Key, place: step + "." + f.Key, field: &f, t: f.Type})
	}
	return out
}

// allowances are what an exception can allow: lists of rules.
func (t topic) allowances() []topic {
	var out []topic
	for _, k := range policy.RuleKinds() {
		var lists []topic
		for _, f := range schema.Fields(reflect.TypeOf(k.Config).Elem()) {
			if slices.Contains(k.Allows, f.Key) {
				at := "." + k.Name + "." + f.Key
				lists = append(lists, topic{path: t.path + at, place: t.place + at, field: &f, t: f.Type})
			}
		}
		switch len(lists) {
		case 0:
		case 1:
			one := lists[0]
			one.path, one.place = t.path+"."+k.Name, t.place+"."+k.Name
			out = append(out, one)
		default:
			out = append(out, topic{path: t.path + "." + k.Name, place: t.place + "." + k.Name, parts: lists})
		}
	}
	return out
}

// name is the last part of the path.
func (t topic) name() string { return t.path[strings.LastIndex(t.path, ".")+1:] }

// find looks the path up.
func find(path string) (topic, error) {
	words := strings.Split(strings.NewReplacer("[]", "", ".*", "").Replace(path), ".")
	t, ok := among(topics(), words[0])
	if !ok {
		return topic{}, fmt.Errorf("there is no rule or field %q%s", words[0], hintOrList(words[0], Names(""),
			`; "specguard explain" without a name lists what there is`))
	}
	for i, w := range words[1:] {
		if i == 0 && w == "spec" && t.kind != "" {
			continue
		}
		next, ok := among(t.inside(), w)
		if !ok {
			in := t.inside()
			if len(in) == 0 {
				return topic{}, fmt.Errorf("%s has no fields", t.path)
			}
			return topic{}, fmt.Errorf("%s has no field %q%s", t.path, w, hintOrList(w, namesOf(in),
				" (allowed: "+strings.Join(namesOf(in), ", ")+")"))
		}
		t = next
	}
	return t, nil
}

// among finds the topic of the name; the case of letters matters only where it decides.
func among(topics []topic, name string) (topic, bool) {
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		for _, t := range topics {
			if same(t.name(), name) {
				return t, true
			}
		}
	}
	return topic{}, false
}

func namesOf(topics []topic) []string {
	var out []string
	for _, t := range topics {
		out = append(out, t.name())
	}
	return out
}

func hintOrList(given string, names []string, otherwise string) string {
	if hint := similar.Hint(given, names); hint != "" {
		return hint
	}
	return otherwise
}

// Names completes the beginning of a name: what can be explained that begins with it.
func Names(begin string) []string {
	at := strings.LastIndex(begin, ".")
	if at < 0 {
		return append(append(namesOf(topics()), "rules", "profile"), policy.Profiles()...)
	}
	if isProfiles(begin[:at]) {
		return policy.Profiles()
	}
	t, err := find(begin[:at])
	if err != nil {
		return nil
	}
	var out []string
	for _, n := range namesOf(t.inside()) {
		out = append(out, begin[:at+1]+n)
	}
	return out
}
