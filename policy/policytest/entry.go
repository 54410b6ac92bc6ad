package policytest

import (
	"fmt"
	"strings"

	"github.com/specguard/specguard/internal/breakage"
	"github.com/specguard/specguard/policy"
)

// entry is an entry of a decision as it is expected: patterns by field.
type entry []field

type field struct {
	name string
	want *pattern // nil: not given
}

func (v *violation) entry() entry {
	return entry{{"policy", v.Policy}, {"rule", v.Rule.pattern()}, {"found", v.Found}, {"allowed", v.Allowed}}
}

func (x *excepted) entry() entry {
	return append(x.violation.entry(), field{"exception", x.Exception})
}

func (c *change) entry() entry {
	return entry{{"policy", c.Policy}, {"rule", c.Rule.pattern()}, {"change", c.Change}}
}

func (w *warning) entry() entry {
	return entry{{"kind", w.Kind.pattern()}, {"policy", w.Policy}, {"rule", w.Rule.pattern()}, {"text", w.Text}}
}

func (k warningKind) pattern() *pattern {
	if k == "" {
		return nil
	}
	return new(pattern(k))
}

func (r ruleName) pattern() *pattern {
	if r == "" {
		return nil
	}
	return new(pattern(r))
}

func entries[T any, P interface {
	*T
	entry() entry
}](list []T) []entry {
	out := make([]entry, len(list))
	for i := range list {
		out[i] = P(&list[i]).entry()
	}
	return out
}

// is reports whether the entry is the one expected.
func (e entry) is(g got) bool {
	for _, f := range e {
		if f.want != nil && !f.want.matches(g.fields[f.name]) {
			return false
		}
	}
	return true
}

func (e entry) String() string {
	var given []string
	for _, f := range e {
		if f.want != nil {
			given = append(given, fmt.Sprintf("%s: %q", f.name, string(*f.want)))
		}
	}
	return "{" + strings.Join(given, ", ") + "}"
}

// got is an entry of a decision: its fields by name, and in words.
type got struct {
	fields map[string]string
	text   string
}

func violations(list []policy.Violation) []got {
	out := make([]got, len(list))
	for i, v := range list {
		out[i] = got{
			fields: map[string]string{"policy": v.Policy, "rule": v.Rule, "found": v.Found, "allowed": v.Allowed},
			text:   fmt.Sprintf("%s: %s: %s", v.Policy, v.Rule, v.Finding),
		}
	}
	return out
}

func exceptions(list []policy.Excepted) []got {
	out := make([]got, len(list))
	for i, x := range list {
		out[i] = violations([]policy.Violation{x.Violation})[0]
		out[i].fields["exception"] = x.Exception
		out[i].text += " (excepted by " + x.Exception + ")"
	}
	return out
}

// adjustments are those that something comes of.
func adjustments(d *policy.Decision) []got {
	if d.Outcome() == policy.Denied {
		return nil
	}
	out := make([]got, len(d.Adjustments))
	for i, a := range d.Adjustments {
		out[i] = got{
			fields: map[string]string{"policy": a.Policy, "rule": a.Rule, "change": a.Change},
			text:   fmt.Sprintf("%s: %s: %s", a.Policy, a.Rule, a.Change),
		}
	}
	return out
}

func warnings(list []breakage.Warning) []got {
	out := make([]got, len(list))
	for i, w := range list {
		out[i] = got{
			fields: map[string]string{"kind": string(w.Kind), "policy": w.Policy, "rule": w.Rule, "text": w.Text},
			text:   fmt.Sprintf("%s: %s: %s: %s", w.Kind, w.Policy, w.Rule, w.Text),
		}
	}
	return out
}
