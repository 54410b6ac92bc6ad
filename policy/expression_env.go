package policy

import (
	"reflect"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/strict"
)

// expressions are the environments that expressions are compiled in. They are
// made for the first expression and shared by all: most policies have none.
type expressions struct {
	forPolicies, forRules *environment
}

// compiles is implemented by rules that have expressions. It is called once
// all of the rule is read.
type compiles interface {
	compile(x *expressions) []strict.Error
}

// conditions is the environment of conditions for a container to be matched,
// which know the pod and the container only.
func (x *expressions) conditions() *environment {
	x.prepare()
	return x.forPolicies
}

// validations is the environment of the rule custom, which knows the spec too.
func (x *expressions) validations() *environment {
	x.prepare()
	return x.forRules
}

// prepare panics where an environment cannot be made, since nothing in it comes
// from outside.
func (x *expressions) prepare() {
	if x.forRules != nil {
		return
	}
	structs := &structTypes{structs: make(map[string]*structType)}
	base := environment{
		pod:       structs.add("Pod", reflect.TypeFor[podVariable]()),
		container: structs.add("Container", reflect.TypeFor[containerVariable]()),
	}
	var err error
	base.Env, err = cel.NewEnv(
		structs.extend,
		cel.Variable("pod", base.pod.Type),
		cel.Variable("container", base.container.Type),
		cel.ExtendedValidations(),
		cel.ParserExpressionSizeLimit(maxExpressionLength),
		ext.Strings(), ext.Lists(ext.ListsMaxRangeSize(maxListRange)), ext.Sets(),
	)
	if err != nil {
		panic(err)
	}
	if base.Env, err = base.Extend(bounded(base.Env)...); err != nil {
		panic(err)
	}
	full := base
	full.spec = structs.add("Spec", reflect.TypeFor[specs.Spec]())
	if full.Env, err = base.Extend(cel.Variable("spec", full.spec.Type)); err != nil {
		panic(err)
	}
	x.forPolicies, x.forRules = &base, &full
}

// environment is what an expression can use.
type environment struct {
	*cel.Env
	pod, container *structType
	spec           *structType // nil where it cannot be used
}

// podVariable is what an expression sees of a Pod.
type podVariable struct {
	Name            string            `json:"name"`
	Namespace       string            `json:"namespace"`
	UID             string            `json:"uid"`
	Labels          map[string]string `json:"labels,omitempty"`
	RuntimeHandler  string            `json:"runtimeHandler"`
	LinuxNamespaces *[]string         `json:"linuxNamespaces"` // the types that the pod has of its own; nil: not known
}

// containerVariable is what an expression sees of a Container. What is not
// known (yet) is nil, and an error to read. It is not omitted, so that has()
// does not tell: an expression could decide by that, and be wrong in the end.
type containerVariable struct {
	Name   string    `json:"name"`
	Image  *string   `json:"image"`
	Images *[]string `json:"images"`
}

// variables gives the values of the variables for a container.
func (e *environment) variables(s *Subject) *variables {
	v := &variables{env: e, spec: s.Spec, meter: &meter{done: s.Done}, container: containerVariable{Name: s.Container.Name}, pod: podVariable{
		Name: s.Pod.Name, Namespace: s.Pod.Namespace, UID: s.Pod.UID, Labels: s.Pod.Labels, RuntimeHandler: s.Pod.RuntimeHandler,
	}}
	if s.Pod.LinuxNamespaces != nil {
		v.pod.LinuxNamespaces = &s.Pod.LinuxNamespaces
	}
	if s.Container.Image != "" {
		images := append([]string{s.Container.Image}, s.Container.OtherImages...)
		v.container.Image, v.container.Images = &s.Container.Image, &images
	}
	return v
}

// variables are the values that an expression is evaluated with.
type variables struct {
	env       *environment
	pod       podVariable
	container containerVariable
	spec      *specs.Spec
	meter     *meter // of one expression at a time
}

// ResolveName implements cel.Activation.
func (v *variables) ResolveName(name string) (any, bool) {
	switch {
	case name == "pod":
		return v.env.pod.object(v.meter, &v.pod), true
	case name == "container":
		return v.env.container.object(v.meter, &v.container), true
	case name == "spec" && v.env.spec != nil:
		return v.env.spec.object(v.meter, v.spec), true
	default:
		return nil, false
	}
}

// Parent implements cel.Activation.
func (*variables) Parent() cel.Activation { return nil }
