package policy

import (
	"errors"
	"strings"

	cel "github.com/specguard/specguard/internal/expression"
	"github.com/specguard/specguard/internal/strict"
)

// expression is an expression in CEL (https://cel.dev) that is true or false.
type expression struct {
	text    string
	place   strict.Place
	program *cel.Program // made by compile
}

// String is the expression as it is written.
func (e expression) String() string { return e.text }

// UnmarshalText reads an expression; one that is blank is an error.
func (e *expression) UnmarshalText(text []byte) error {
	e.text = string(text)
	if strings.TrimSpace(e.text) == "" {
		return errors.New("is empty")
	}
	return nil
}

// SetPlace keeps where the expression stands.
func (e *expression) SetPlace(p strict.Place) { e.place = p }

// JSONSchema requires what is not blank.
func (expression) JSONSchema() map[string]any {
	return strict.Named("CEL expression", strict.Pattern(`\S`))
}

// compile checks the expression. An error says where in it the fault is.
func (e *expression) compile(env *environment) []strict.Error {
	program, err := env.Compile(e.text)
	if err != nil {
		return e.fault("%s", err)
	}
	e.program = program
	return nil
}

func (e *expression) fault(format string, args ...any) []strict.Error {
	return []strict.Error{e.place.Fault(format, args...)}
}

// always reports whether the expression has that result whatever is asked.
func (e *expression) always(result bool) bool { return e.program.Always(result) }

// ask evaluates the expression. Where it has no result the answer is unknown,
// and why says in words what is known to hold nothing of what was evaluated.
func (e *expression) ask(v *cel.Values) (a answer, why string) {
	switch result, ok, why := e.program.Evaluate(v); {
	case !ok:
		return unknown, why
	case result:
		return yes, ""
	default:
		return no, ""
	}
}
