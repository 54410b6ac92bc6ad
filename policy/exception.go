package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/strict"
)

// Exception excuses some containers from some rules of some policies, most of them until
// a date.
type Exception struct {
	Name   string
	Reason string    // why there is one
	Owner  string    // who answers for it
	Ends   time.Time // from then on it no longer holds; zero: never

	Policies, Rules []string // their names

	// Bounded are the names of the rules that still hold, and allow more.
	Bounded []string

	// Source is its place, as file:line:column.
	Source string
}

// Expired reports whether the exception has ended at that time.
func (e *Exception) Expired(at time.Time) bool { return !e.Never() && !at.Before(e.Ends) }

// Never reports whether the exception never ends.
func (e *Exception) Never() bool { return e.Ends.IsZero() }

// exceptionSpec is the body of an exception. All of it is required: an
// exception that nobody owns, or that never ends without a word, is a hole in a policy.
type exceptionSpec struct {
	// Policies are the names of the policies, in full.
	Policies []name `yaml:"policies"`

	// Rules are the names of the rules from which the containers are excused altogether. One of
	// the policies must have each of them.
	// Default: none.
	Rules []ruleName `yaml:"rules"`

	// Allow holds, by rule, what the containers may have in addition: entries of the rule's own
	// list of what is allowed. The rule holds in all else. One of the policies must have each of
	// these rules. At least one of rules and allow is required.
	// Default: nothing.
	Allow yaml.Node `yaml:"allow"` // what each rule widens tells what it decodes into

	// Match selects the excused containers. It must not be empty.
	Match Match `yaml:"match"`

	// Reason says why, in one line.
	Reason line `yaml:"reason"`

	// Owner names who is responsible for it, in one line.
	Owner line `yaml:"owner"`

	// Expires is the last day (UTC) of the exception, such as 2027-01-31, or the time at which
	// it ends, such as 2027-01-31T12:00:00Z. If the exception never ends, it is never, and
	// specguard warns about it.
	Expires expiry `yaml:"expires"`
}

// JSONSchema says what Validate requires.
func (exceptionSpec) JSONSchema() map[string]any {
	s := strict.Required("policies", "match", "reason", "owner", "expires")
	something := map[string]any{"minProperties": 1}
	s["properties"] = map[string]any{"policies": strict.NotEmpty(), "rules": strict.NotEmpty(), "allow": something, "match": something}
	s["anyOf"] = []any{strict.Required("rules"), strict.Required("allow")}
	return s
}

// Validate requires every field.
func (e *exceptionSpec) Validate() error {
	for _, f := range []struct {
		key     string
		missing bool
	}{
		{"policies", len(e.Policies) == 0},
		{"rules", e.Rules != nil && len(e.Rules) == 0 || e.Rules == nil && len(e.Allow.Content) == 0},
		{"reason", e.Reason == ""},
		{"owner", e.Owner == ""},
		{"expires", !e.Expires.given},
	} {
		if f.missing {
			return strict.Field(f.key, "is missing: an exception needs policies, rules or allow, match, reason, owner and expires")
		}
	}
	if e.Match.everything() {
		return strict.Field("match", "matches every container: an exception must not")
	}
	return nil
}

// ruleName is the name of a rule.
type ruleName string

// UnmarshalText reads a name; an unknown one is an error that names the known
// ones.
func (r *ruleName) UnmarshalText(text []byte) error {
	if !slices.Contains(RuleNames(), string(text)) {
		return fmt.Errorf("unknown rule %q (allowed: %s)", text, strings.Join(RuleNames(), ", "))
	}
	*r = ruleName(text)
	return nil
}

// JSONSchema lists the rules.
func (ruleName) JSONSchema() map[string]any { return strict.Enum(RuleNames()...) }

// line is text for people, in one line.
type line string

// UnmarshalText reads a line; one that is blank or holds what cannot be
// printed is an error.
func (l *line) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("%q is not a valid text (allowed: one line that is not blank)", text)
	}
	*l = line(s)
	return nil
}

// JSONSchema requires what is not blank.
func (line) JSONSchema() map[string]any { return strict.Named("line of text", strict.Pattern(`\S`)) }

// expiry is when an exception ends.
type expiry struct {
	given bool
	ends  time.Time // zero: never
}

// never is the word for an exception that does not end.
const never = "never"

// UnmarshalText reads a date, which counts to its end, a time, or never.
func (e *expiry) UnmarshalText(text []byte) error {
	e.given = true
	if string(text) == never {
		e.ends = time.Time{}
		return nil
	}
	at, err := time.Parse(time.DateOnly, string(text))
	if err == nil {
		at = at.AddDate(0, 0, 1)
	} else {
		at, err = time.Parse(time.RFC3339, string(text))
	}
	if err != nil || at.IsZero() {
		return fmt.Errorf("%q is not a date (allowed: a day such as 2027-01-31, a time such as 2027-01-31T12:00:00Z, or never)", text)
	}
	e.ends = at.UTC()
	return nil
}

// JSONSchema requires a date, a time or the word.
func (expiry) JSONSchema() map[string]any {
	return strict.Pattern(`^(never|\d{4}-\d{2}-\d{2}(T\d{1,2}:\d{2}:\d{2}([.,]\d+)?(Z|[+-]\d{2}:\d{2}))?)$`)
}

// exception is a compiled one.
type exception struct {
	Exception
	match  Match
	allows map[string]widens // by rule: a rule of that kind whose lists alone are set
}

// excuses reports whether the exception holds for the container. Of the image's
// references only the runtime's own counts: who calls CRI can claim others. To exclude
// the container, each of them counts.
func (e *exception) excuses(s *Subject) answer {
	if e.Expired(s.Time) || !e.match.namespace(s.Pod.Namespace) {
		return no
	}
	if len(e.match.Containers)+len(e.match.ExcludeContainers) > 0 && misnamedContainer(s.Container.Name) {
		return no
	}
	excluded := e.match.mayExclude(s)
	if excluded == yes {
		return no
	}
	if c := &s.Container; len(e.match.Images) > 0 && c.Image != "" && !matchImage(e.match.Images, c.Image) {
		return no // another spelling, which is the same for policies
	}
	own := *s
	own.Container.OtherImages = nil
	if a := e.match.container(&own); a != yes || excluded == no {
		return a
	}
	return unknown
}
