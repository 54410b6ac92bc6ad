package policy

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/strict"
)

const pathAllow = "spec.allow"

// allowances decodes what an exception allows in addition, by rule.
func (c *compiler) allowances(s *exceptionSpec) (out map[string]widens, errs, warnings []strict.Error) {
	out = make(map[string]widens)
	if s.Allow.Kind == 0 {
		return out, nil, nil
	}
	rules, faults := c.layer(&s.Allow, pathAllow)
	errs = append(errs, faults...)
	if len(s.Allow.Content) == 0 && len(faults) == 0 {
		errs = append(errs, strict.Place{Line: s.Allow.Line, Column: s.Allow.Column, Path: pathAllow}.Fault("is empty; leave it out"))
	}
	for _, k := range c.kinds {
		n := rules[k.name]
		if n == nil {
			continue
		}
		at := strict.Place{Line: n.Line, Column: n.Column, Path: pathAllow + "." + k.name}
		rule, ok := k.make().(widens)
		switch {
		case !ok:
			errs = append(errs, at.Fault("this rule has no list of what is allowed; name it in rules to excuse from all of it"))
			continue
		case slices.Contains(s.Rules, ruleName(k.name)):
			errs = append(errs, at.Fault("the exception also excuses from all of the rule: name it in rules or in allow"))
			continue
		}
		faults, doubts := decodeLists(n, rule.allowLists(), at.Path)
		if len(faults) > 0 {
			errs = append(errs, faults...)
			continue
		}
		warnings = append(warnings, doubts...)
		if wrong := faultOfLists(rule); wrong != "" {
			errs = append(errs, at.Fault("%s", wrong))
			continue
		}
		out[k.name] = rule
	}
	return out, errs, warnings
}

// decodeLists decodes the only list of a rule, or several by name. They must not be empty.
func decodeLists(n *yaml.Node, lists []allowedList, path string) (errs, warnings []strict.Error) {
	if len(lists) == 1 {
		return decodeList(n, lists[0], path)
	}
	names := make([]string, len(lists))
	for i, l := range lists {
		names[i] = l.field
	}
	odd := strict.Members(n, path, func(key, val *yaml.Node) {
		at := slices.Index(names, key.Value)
		if at < 0 {
			errs = append(errs, strict.Place{Line: key.Line, Column: key.Column, Path: path}.
				Fault("unknown field %q (allowed: %s)", key.Value, strings.Join(names, ", ")))
			return
		}
		faults, doubts := decodeList(val, lists[at], path+"."+key.Value)
		errs, warnings = append(errs, faults...), append(warnings, doubts...)
	})
	errs = append(errs, odd...)
	if len(errs) == 0 && len(n.Content) == 0 {
		errs = []strict.Error{{Line: n.Line, Column: n.Column, Path: path, Msg: "is empty (allowed: " + strings.Join(names, ", ") + ")"}}
	}
	return errs, warnings
}

func decodeList(n *yaml.Node, l allowedList, path string) (errs, warnings []strict.Error) {
	errs, warnings = strict.DecodeWarned(n, l.list, path)
	if len(errs) == 0 && reflect.ValueOf(l.list).Elem().Len() == 0 {
		errs = []strict.Error{{Line: n.Line, Column: n.Column, Path: path, Msg: "is an empty list"}}
	}
	return errs, warnings
}

// excuse hands the exception to the rules of the policy that it names.
func (c *compiler) excuse(p *compiled, e *pending) {
	for i := range p.rules {
		r := &p.rules[i]
		more := e.allows[r.name]
		switch {
		case slices.Contains(e.Rules, r.name):
			r.excuses = append(r.excuses, excuse{by: &e.exception})
		case more != nil:
			rule := widened(r.Rule.(widens), more)
			if wrong := faultOfLists(rule); wrong != "" {
				c.fail(e.file, e.faultOf(r.name, "%s", wrong))
			}
			wide := c.kinds[r.order].compiled(rule, r.order)
			r.excuses = append(r.excuses, excuse{by: &e.exception, wide: &wide})
			r.reads |= wide.reads
			p.reads |= wide.reads
		}
	}
}

// faultOfLists says what is wrong with the lists of the rule; "" for nothing. With an exception,
// a rule may check nothing any more.
func faultOfLists(rule widens) string {
	v, ok := rule.(strict.Validator)
	if !ok {
		return ""
	}
	if err := v.Validate(); err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		for _, l := range rule.allowLists() {
			place, fault, _ := strings.Cut(first, ": ")
			ofList := place == l.field || strings.HasPrefix(place, l.field+"[")
			if ofList && !strings.HasSuffix(fault, checksNothing) {
				return fault
			}
		}
	}
	return ""
}

// faultOf is an error at what the spec allows of the rule.
func (e *pending) faultOf(rule, format string, args ...any) strict.Error {
	at := valueOf(valueOf(e.spec, "allow"), rule)
	return strict.Error{Line: at.Line, Column: at.Column, Path: pathAllow + "." + rule, Msg: fmt.Sprintf(format, args...)}
}
