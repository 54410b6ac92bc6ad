// Package expression checks and evaluates boolean expressions in the Common Expression
// Language (CEL, https://cel.dev) on Go values. The cost of an expression is limited, even
// if its values are long.
package expression

import (
	"errors"
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"

	"github.com/specguard/specguard/internal/oneline"
)

// The limits of one expression.
const (
	maxLength      = 16 << 10 // characters
	maxCost        = 500_000  // steps, in CEL's measure; less than 0.1 s
	maxListRange   = 1000     // elements that lists.range makes
	interruptEvery = 100      // elements of a list between two looks at whether the time is over
)

// Program is a checked expression. It is safe for concurrent use.
type Program struct{ program cel.Program }

// Compile checks an expression. The error says in one line what is wrong, and where in it.
func (e *Environment) Compile(text string) (*Program, error) {
	ast, issues := e.env.Compile(text)
	if issues.Err() != nil {
		return nil, first(text, issues)
	}
	if t := ast.OutputType(); t != cel.BoolType {
		return nil, fmt.Errorf("is of type %s (allowed: bool)", t)
	}
	if cost, err := e.env.EstimateCost(ast, nil); err == nil && cost.Min > maxCost {
		return nil, fmt.Errorf("takes at least %d steps (allowed: %d)", cost.Min, maxCost)
	}
	program, err := e.env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost),
		cel.InterruptCheckFrequency(interruptEvery))
	if err != nil {
		return nil, err
	}
	return &Program{program}, nil
}

// first is the first issue in words; the others often follow from it.
func first(text string, issues *cel.Issues) error {
	i := issues.Errors()[0]
	msg, _, _ := strings.Cut(oneline.Of(i.Message), " expecting ") // all that CEL's grammar could take
	line, column := i.Location.Line(), i.Location.Column()+1
	switch {
	case line < 1 || column < 1:
		return errors.New(msg)
	case strings.Contains(strings.TrimSpace(text), "\n"):
		return fmt.Errorf("line %d, column %d: %s", line, column, msg)
	default:
		return fmt.Errorf("column %d: %s", column, msg)
	}
}

// Always reports whether the expression has that result for all values.
func (p *Program) Always(result bool) bool {
	out, _, err := p.program.Eval(cel.NoVars())
	return err == nil && out == types.Bool(result)
}

// Evaluate evaluates the expression, or ends when the values' time is over. If there is
// no result, ok is false and why says the reason. Unlike CEL's own errors, why does not
// quote values.
//
//nolint:contextcheck,nolintlint // its callers have the context's end in the values
func (p *Program) Evaluate(v *Values) (result, ok bool, why string) {
	v.meter.spent = 0
	out, _, err := p.program.ContextEval(until{v.meter.done}, v)
	if err != nil {
		return false, false, reason(err)
	}
	return out == types.True, true, ""
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
