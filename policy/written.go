package policy

import (
	"cmp"
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// WrittenRule is a rule as a document would say it, with all that it has from a profile.
type WrittenRule struct {
	Rule       string
	Parameters *yaml.Node // a mapping
}

// ProfileRules returns the rules of a built-in profile, with or without a version of the Pod
// Security Standards, and those that it has from the profiles that it extends.
func ProfileRules(profile string) ([]WrittenRule, error) {
	set, err := Builtin{Profile: profile, Mode: ModeAudit}.Compile()
	if err != nil {
		return nil, err
	}
	var out []WrittenRule
	for i := range set.policies[0].rules {
		out = append(out, set.policies[0].rules[i].written())
	}
	return out, nil
}

// written is the rule as a document would say it.
func (r *compiledRule) written() WrittenRule {
	out := mapping()
	addMember(out, fieldOnViolation, text(string(r.Action())))
	if r.asksRequest() {
		addMember(out, fieldOn, text(string(OnRequest)))
	}
	out.Content = append(out.Content, r.parameters().Content...)
	return WrittenRule{Rule: r.name, Parameters: out}
}

// asksRequest reports whether the rule is on request.
func (r *compiledRule) asksRequest() bool {
	m, ok := r.Rule.(interface{ requests() bool })
	return ok && m.requests()
}

// parameters are what the rule says besides onViolation and on.
func (r *compiledRule) parameters() *yaml.Node { return writtenStruct(reflect.ValueOf(r.Rule).Elem()) }

// written is the match as a document would say it.
func (m *Match) written() *yaml.Node { return writtenStruct(reflect.ValueOf(m).Elem()) }

// writtenLists is what an exception allows of a rule: its only list, or its lists by name.
func writtenLists(r widens) *yaml.Node {
	lists := r.allowLists()
	if len(lists) == 1 {
		return asWritten(reflect.ValueOf(lists[0].list).Elem())
	}
	out := mapping()
	for _, l := range lists {
		if v := reflect.ValueOf(l.list).Elem(); v.Len() > 0 {
			addMember(out, l.field, asWritten(v))
		}
	}
	return out
}

// writtenLine is a struct as a document would say it, in one line.
func writtenLine(of any) string {
	out, err := yaml.Marshal(writtenStruct(reflect.ValueOf(of).Elem()))
	if err != nil {
		return "" // a tree of scalars can always be written
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

// asWritten is a value as a document would say it. What is not set is left out.
func asWritten(v reflect.Value) *yaml.Node {
	if v.Kind() != reflect.Pointer && v.CanAddr() {
		if _, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
			return writtenText(v)
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		return asWritten(v.Elem())
	case reflect.Struct:
		return writtenStruct(v)
	case reflect.Slice:
		out := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle}
		for i := range v.Len() {
			out.Content = append(out.Content, asWritten(v.Index(i)))
		}
		return out
	case reflect.Map:
		return writtenMap(v)
	default:
		return writtenText(v)
	}
}

// writtenStruct is a struct; fields that no document has are left out, and so is Base.
func writtenStruct(v reflect.Value) *yaml.Node {
	out := mapping()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case f.Type == reflect.TypeFor[Base]() || !f.IsExported() && options != "inline":
		case options == "inline":
			out.Content = append(out.Content, writtenStruct(v.Field(i)).Content...)
		case key != "" && key != "-" && !v.Field(i).IsZero():
			addMember(out, key, asWritten(v.Field(i)))
		}
	}
	return out
}

func writtenMap(v reflect.Value) *yaml.Node {
	out := mapping()
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
	for _, k := range keys {
		addMember(out, k.String(), asWritten(v.MapIndex(k)))
	}
	return out
}

// writtenText is a scalar.
func writtenText(v reflect.Value) *yaml.Node {
	if s, ok := v.Interface().(fmt.Stringer); ok {
		return text(s.String())
	}
	switch {
	case v.Kind() == reflect.Bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(v.Bool())}
	case v.CanInt():
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.FormatInt(v.Int(), 10)}
	case v.CanUint():
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.FormatUint(v.Uint(), 10)}
	default:
		return text(v.String())
	}
}

func mapping() *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: yaml.FlowStyle}
}

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

func addMember(n *yaml.Node, key string, value *yaml.Node) {
	n.Content = append(n.Content, text(key), value)
}
