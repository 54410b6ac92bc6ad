package expression

import (
	"context"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

// CEL counts the steps of an expression, but a step over a long list is counted
// when it is done, and comparing two structs counts as little as comparing two
// numbers. Whoever writes a pod decides how long its lists are. So what takes
// time within one step is counted here before it is done.

// The cost of looking at one thing, in eighths of a step.
const (
	textCost   = 1
	structCost = 32
)

// meter counts what one expression costs besides CEL's own count.
type meter struct {
	done  <-chan struct{} // closed when nobody waits for the result any more
	spent int             // eighths of steps
}

// spend counts the cost of looking at things, and ends the expression where it
// has cost too much, or nobody waits for it any more.
func (m *meter) spend(things, each int) {
	m.spent += things * each
	if m.spent > 8*maxCost {
		panic(tooManySteps())
	}
	select {
	case <-m.done:
		panic(interpreter.EvalCancelledError{Cause: interpreter.ContextCancelled, Message: "operation cancelled"})
	default:
	}
}

// tooManySteps is what CEL ends an expression with that costs too much.
func tooManySteps() error {
	return interpreter.EvalCancelledError{Cause: interpreter.CostLimitExceeded, Message: "operation cancelled: actual cost limit exceeded"}
}

// meteredList counts what is done with the whole list.
type meteredList struct {
	traits.Lister
	meter *meter
	each  int
}

func (l *meteredList) spend() { l.meter.spend(int(l.Size().(types.Int)), l.each) }

// Contains implements traits.Container.
func (l *meteredList) Contains(element ref.Val) ref.Val {
	l.spend()
	return l.Lister.Contains(element)
}

// Equal implements ref.Val.
func (l *meteredList) Equal(other ref.Val) ref.Val {
	l.spend()
	if o, ok := other.(*meteredList); ok {
		other = o.Lister
	}
	return l.Lister.Equal(other)
}

// Fold implements traits.Foldable.
func (l *meteredList) Fold(f traits.Folder) { types.ToFoldableList(l.Lister).Fold(f) }

// IsZeroValue implements traits.Zeroer.
func (l *meteredList) IsZeroValue() bool { return l.Size() == types.IntZero }

// meteredMap counts what is done with the whole map.
type meteredMap struct {
	traits.Mapper
	meter *meter
}

// Equal implements ref.Val.
func (m *meteredMap) Equal(other ref.Val) ref.Val {
	m.meter.spend(int(m.Size().(types.Int)), structCost)
	if o, ok := other.(*meteredMap); ok {
		other = o.Mapper
	}
	return m.Mapper.Equal(other)
}

// Fold implements traits.Foldable.
func (m *meteredMap) Fold(f traits.Folder) { types.ToFoldableMap(m.Mapper).Fold(f) }

// IsZeroValue implements traits.Zeroer.
func (m *meteredMap) IsZeroValue() bool { return m.Size() == types.IntZero }

// bounded puts a bound on the functions that compare each element of a list with
// each of another, or of itself, and on the one that makes a list of all elements
// of lists.
func bounded(env *cel.Env) []cel.EnvOption {
	var out []cel.EnvOption
	for name, f := range env.Functions() {
		if work := workOf(name); work != nil {
			out = append(out, rebind(f, work))
		}
	}
	return out
}

// workOf tells how many comparisons or elements a function's arguments make; nil
// for a function that needs no bound.
func workOf(function string) func(args []ref.Val) int {
	switch function {
	case "sets.contains", "sets.intersects", "sets.equivalent", "hasOnly", "hasAny", "hasAll", "hasExactly":
		return func(args []ref.Val) int { return length(args[0]) * length(args[1]) }
	case "distinct":
		return func(args []ref.Val) int { return length(args[0]) * length(args[0]) }
	case "flatten":
		return func(args []ref.Val) int { return elementsIn(args[0], maxCost) }
	default:
		return nil
	}
}

func length(list ref.Val) int {
	if l, ok := list.(traits.Lister); ok {
		return int(l.Size().(types.Int))
	}
	return 0
}

// elementsIn counts the elements of lists in the list, up to about a bound.
func elementsIn(list ref.Val, bound int) int {
	l, ok := list.(traits.Lister)
	if !ok {
		return 1
	}
	n := 1
	for i := 0; i < length(l) && n <= bound; i++ {
		n += elementsIn(l.Get(types.Int(i)), bound-n)
	}
	return n
}

// rebind is the function with a bound in front of each of its implementations.
func rebind(f *decls.FunctionDecl, work func([]ref.Val) int) cel.EnvOption {
	bindings, err := f.Bindings()
	if err != nil {
		panic(err) // nothing in it comes from outside
	}
	byID := make(map[string]*functions.Overload, len(bindings))
	for _, b := range bindings {
		byID[b.Operator] = b
	}
	var overloads []cel.FunctionOpt
	for _, o := range f.OverloadDecls() {
		call := byID[o.ID()]
		bound := cel.FunctionBinding(func(args ...ref.Val) ref.Val {
			if work(args) > maxCost {
				panic(tooManySteps())
			}
			switch {
			case call.Unary != nil:
				return call.Unary(args[0])
			case call.Binary != nil:
				return call.Binary(args[0], args[1])
			default:
				return call.Function(args...)
			}
		})
		if o.IsMemberFunction() {
			overloads = append(overloads, cel.MemberOverload(o.ID(), o.ArgTypes(), o.ResultType(), bound))
		} else {
			overloads = append(overloads, cel.Overload(o.ID(), o.ArgTypes(), o.ResultType(), bound))
		}
	}
	return cel.Function(f.Name(), overloads...)
}

// until is a context that ends when the channel is closed.
type until struct{ done <-chan struct{} }

func (until) Deadline() (time.Time, bool) { return time.Time{}, false }
func (until) Value(any) any               { return nil }
func (u until) Done() <-chan struct{}     { return u.done }

func (u until) Err() error {
	select {
	case <-u.done:
		return context.Canceled
	default:
		return nil
	}
}
