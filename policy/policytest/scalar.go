package policytest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/specguard/specguard/internal/breakage"
	"github.com/specguard/specguard/internal/strict"
	"github.com/specguard/specguard/policy"
)

// outcome is what becomes of a container.
type outcome policy.Outcome

// UnmarshalText reads an outcome.
func (o *outcome) UnmarshalText(text []byte) error {
	all := []policy.Outcome{policy.Allowed, policy.Adjusted, policy.Denied}
	if !slices.Contains(all, policy.Outcome(text)) {
		return fmt.Errorf("%q is not one of allowed, adjusted, denied", text)
	}
	*o = outcome(text)
	return nil
}

// JSONSchema lists the outcomes.
func (outcome) JSONSchema() map[string]any {
	return strict.Enum(policy.Allowed, policy.Adjusted, policy.Denied)
}

// ruleName is the name of a rule.
type ruleName string

// UnmarshalText reads the name of a rule that there is.
func (r *ruleName) UnmarshalText(text []byte) error {
	if !slices.Contains(policy.RuleNames(), string(text)) {
		return fmt.Errorf("unknown rule %q (allowed: %s)", text, strings.Join(policy.RuleNames(), ", "))
	}
	*r = ruleName(text)
	return nil
}

// JSONSchema lists the rules.
func (ruleName) JSONSchema() map[string]any { return strict.Enum(policy.RuleNames()...) }

// warningKind is the kind of a warning.
type warningKind breakage.Kind

// UnmarshalText reads a kind; an unknown one is an error.
func (k *warningKind) UnmarshalText(text []byte) error {
	if !slices.Contains(breakage.Kinds(), breakage.Kind(text)) {
		return fmt.Errorf("unknown kind of warnings %q (allowed: %s)", text, kindNames())
	}
	*k = warningKind(text)
	return nil
}

// JSONSchema lists the kinds.
func (warningKind) JSONSchema() map[string]any { return strict.Enum(breakage.Kinds()...) }

func kindNames() string {
	var out []string
	for _, k := range breakage.Kinds() {
		out = append(out, string(k))
	}
	return strings.Join(out, ", ")
}

// pattern is text in which * stands for any text.
type pattern string

// UnmarshalText reads any text.
func (p *pattern) UnmarshalText(text []byte) error {
	*p = pattern(text)
	return nil
}

// JSONSchema requires a single value.
func (pattern) JSONSchema() map[string]any {
	return map[string]any{"type": []any{"string", "number", "boolean"}}
}

func (p pattern) matches(text string) bool {
	parts := strings.Split(string(p), "*")
	rest, ok := strings.CutPrefix(text, parts[0])
	if !ok || len(parts) == 1 {
		return ok && rest == ""
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, parts[last])
}

// moment is a time; the zero value is none.
type moment struct{ time.Time }

// UnmarshalText reads a day or a time.
func (m *moment) UnmarshalText(text []byte) error {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, string(text)); err == nil {
			m.Time = t.UTC()
			return nil
		}
	}
	return fmt.Errorf("%q is not a date (allowed: a day such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z)", text)
}

// JSONSchema requires a date or a time.
func (moment) JSONSchema() map[string]any {
	return strict.Pattern(`^\d{4}-\d{2}-\d{2}(T\d{1,2}:\d{2}:\d{2}([.,]\d+)?(Z|[+-]\d{2}:\d{2}))?$`)
}

// caseName is the name of a case, and where it stands.
type caseName struct {
	text  string
	place strict.Place
}

// UnmarshalText reads a name, which is one line.
func (n *caseName) UnmarshalText(text []byte) error {
	if strings.TrimSpace(string(text)) == "" || strings.ContainsAny(string(text), "\n\r") {
		return fmt.Errorf("%q is not a valid name (allowed: one line that is not blank)", text)
	}
	n.text = string(text)
	return nil
}

// SetPlace keeps where the name stands.
func (n *caseName) SetPlace(p strict.Place) { n.place = p }

// JSONSchema requires what is not blank.
func (caseName) JSONSchema() map[string]any { return strict.Pattern(`\S`) }
