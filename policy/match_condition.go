package policy

import "github.com/specguard/specguard/internal/strict"

// MatchCondition is a condition for a container to be matched.
type MatchCondition struct {
	// Name identifies the condition within the match.
	Name name `yaml:"name"`

	// Expression is true for a container that matches. In YAML, put an expression that begins
	// with ! in quotes.
	Expression expression `yaml:"expression"`
}

// Validate requires every field.
func (c *MatchCondition) Validate() error {
	switch {
	case c.Name == "":
		return strict.Field("name", "is missing")
	case c.Expression.text == "":
		return strict.Field("expression", "is missing")
	}
	return nil
}

// JSONSchema says what Validate requires.
func (MatchCondition) JSONSchema() map[string]any { return strict.Required("name", "expression") }

// compile checks the conditions. One that is never true is an error, as
// everything that can never match, and so is one that is always true.
func (m *Match) compile(x *expressions) []strict.Error {
	if len(m.MatchConditions) == 0 {
		return nil
	}
	m.env = x.conditions()
	var errs []strict.Error
	for i := range m.MatchConditions {
		e := &m.MatchConditions[i].Expression
		faults := e.compile(m.env)
		switch {
		case len(faults) > 0:
		case e.always(false):
			faults = e.fault("is never true: nothing would match")
		case e.always(true):
			faults = e.fault("is always true: it excludes nothing")
		}
		errs = append(errs, faults...)
	}
	return errs
}

// conditions asks the conditions, which come last because they cost most. All
// else has answered yes or unknown.
func (m *Match) conditions(s *Subject, a answer) answer {
	vars := m.env.variables(s)
	for i := range m.MatchConditions {
		switch c, _ := m.MatchConditions[i].Expression.ask(vars); c {
		case no:
			return no
		case unknown:
			a = unknown
		}
	}
	return a
}
