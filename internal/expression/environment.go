package expression

import (
	"maps"
	"reflect"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"
)

// Variable is a struct that expressions can use under a name. The structs and fields in it
// have their JSON names.
type Variable struct {
	Name string
	Type string // the name of its type
	Of   reflect.Type
}

// Environment is what expressions can use. It is safe for concurrent use.
type Environment struct {
	env       *cel.Env
	types     *structTypes
	variables map[string]*structType
}

// New returns an environment with CEL's standard functions and cel-go's extensions strings,
// lists and sets. It panics if it cannot make one: no input from outside can cause that.
func New(variables ...Variable) *Environment {
	e := &Environment{types: &structTypes{structs: make(map[string]*structType)}}
	options := append([]cel.EnvOption{e.types.extend}, e.declare(variables)...)
	options = append(options, cel.ExtendedValidations(), cel.ParserExpressionSizeLimit(maxLength),
		ext.Strings(), ext.Lists(ext.ListsMaxRangeSize(maxListRange)), ext.Sets())
	env, err := cel.NewEnv(options...)
	if err != nil {
		panic(err)
	}
	if e.env, err = env.Extend(bounded(env)...); err != nil {
		panic(err)
	}
	return e
}

// With returns the environment with more variables.
func (e *Environment) With(variables ...Variable) *Environment {
	out := &Environment{types: e.types, variables: maps.Clone(e.variables)}
	env, err := e.env.Extend(out.declare(variables)...)
	if err != nil {
		panic(err)
	}
	out.env = env
	return out
}

func (e *Environment) declare(variables []Variable) []cel.EnvOption {
	if e.variables == nil {
		e.variables = make(map[string]*structType)
	}
	var out []cel.EnvOption
	for _, v := range variables {
		t := e.types.add(v.Type, v.Of)
		e.variables[v.Name] = t
		out = append(out, cel.Variable(v.Name, t.Type))
	}
	return out
}

// Values are the values of the variables, for one evaluation at a time. They are not safe
// for concurrent use.
type Values struct {
	env     *Environment
	pointer func(name string) any
	meter   *meter // of one expression at a time
}

// Values returns values that pointer provides: a pointer to the struct of each variable of
// the environment. Evaluations end when done is closed; nil: never.
func (e *Environment) Values(done <-chan struct{}, pointer func(name string) any) *Values {
	return &Values{env: e, pointer: pointer, meter: &meter{done: done}}
}

// ResolveName implements cel.Activation.
func (v *Values) ResolveName(name string) (any, bool) {
	t, ok := v.env.variables[name]
	if !ok {
		return nil, false
	}
	return t.object(v.meter, v.pointer(name)), true
}

// Parent implements cel.Activation.
func (*Values) Parent() cel.Activation { return nil }
