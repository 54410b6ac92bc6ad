package policy

import (
	"errors"
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"

	"github.com/specguard/specguard/internal/strict"
)

// The limits of one expression.
const (
	maxExpressionLength = 16 << 10 // characters
	maxExpressionCost   = 500_000  // steps, in CEL's measure; less than 0.1 s
	maxListRange        = 1000     // elements that lists.range makes
	interruptEvery      = 100      // elements of a list between two looks at whether the time is over
)

// expression is an expression in CEL (https://cel.dev) that is true or false.
type expression struct {
	text    string
	place   strict.Place
	program cel.Program // made by compile
}

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
	ast, issues := env.Compile(e.text)
	if issues.Err() != nil {
		return e.fault("%s", e.first(issues))
	}
	if t := ast.OutputType(); t != cel.BoolType {
		return e.fault("is of type %s (allowed: bool)", t)
	}
	if cost, err := env.EstimateCost(ast, nil); err == nil && cost.Min > maxExpressionCost {
		return e.fault("takes at least %d steps (allowed: %d)", cost.Min, maxExpressionCost)
	}
	program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxExpressionCost),
		cel.InterruptCheckFrequency(interruptEvery))
	if err != nil {
		return e.fault("%s", err)
	}
	e.program = program
	return nil
}

func (e *expression) fault(format string, args ...any) []strict.Error {
	return []strict.Error{e.place.Fault(format, args...)}
}

// first is the first issue in words; the others often follow from it.
func (e *expression) first(issues *cel.Issues) string {
	i := issues.Errors()[0]
	msg, _, _ := strings.Cut(oneLine(i.Message), " expecting ") // all that CEL's grammar could take
	line, column := i.Location.Line(), i.Location.Column()+1
	switch {
	case line < 1 || column < 1:
		return msg
	case strings.Contains(strings.TrimSpace(e.text), "\n"):
		return fmt.Sprintf("line %d, column %d: %s", line, column, msg)
	default:
		return fmt.Sprintf("column %d: %s", column, msg)
	}
}

// always reports whether the expression has that result whatever is asked.
func (e *expression) always(result bool) bool {
	out, _, err := e.program.Eval(cel.NoVars())
	return err == nil && out == types.Bool(result)
}

// ask evaluates the expression. Where it has no result the answer is unknown,
// and why says in words what is known to hold nothing of what was evaluated:
// CEL's own errors quote values.
//
//nolint:contextcheck,nolintlint // its callers have the context's end in the subject
func (e *expression) ask(v *variables) (a answer, why string) {
	v.meter.spent = 0
	out, _, err := e.program.ContextEval(until{v.meter.done}, v)
	switch {
	case err != nil:
		return unknown, reason(err)
	case out == types.True:
		return yes, ""
	default:
		return no, ""
	}
}

// reason says why an expression has no result, as far as that can be said.
func reason(err error) string {
	var cancelled interpreter.EvalCancelledError
	if gone := (*missing)(nil); errors.As(err, &gone) {
		return gone.Error()
	}
	switch {
	case errors.As(err, &cancelled) && cancelled.Cause == interpreter.CostLimitExceeded:
		return "takes too many steps"
	case strings.HasPrefix(err.Error(), "no such key"):
		return "a key does not exist"
	default:
		return ""
	}
}
