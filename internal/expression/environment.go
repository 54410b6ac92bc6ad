package expression

import (
	"maps"
	"reflect"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"
)

// Variable is a struct that expressions can use by a name. The structs and fields
// in it have the names of their JSON.
type Variable struct {
	Name string
	Type string // the name of its type
	Of   reflect.Type
}

// Environment is what expressions can use. It may be used at the same time.
type Environment struct {
	env       *cel.Env
	types     *structTypes
	variables map[string]*structType
}

// New makes an environment with CEL's standard functions and the extensions
// strings, lists and sets of cel-go. It panics where it cannot: nothing in it comes
// from outside.
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

// With is the environment with more variables.
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

// Values are what the variables are in one evaluation after another. They are not
// for several at the same time.
type Values struct {
	env     *Environment
	pointer func(name string) any
	meter   *meter // of one expression at a time
}

// Values takes values from pointer, which gives a pointer to the struct of each
// variable of the environment. Evaluations end when done is closed; nil: never.
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
