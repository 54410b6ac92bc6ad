package policy

import (
	"reflect"

	"github.com/opencontainers/runtime-spec/specs-go"

	cel "github.com/specguard/specguard/internal/expression"
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

	// doubts returns warnings about the expressions. They are compiled without an error.
	doubts() []strict.Error
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

func (x *expressions) prepare() {
	if x.forRules != nil {
		return
	}
	base := cel.New(
		cel.Variable{Name: "pod", Type: "Pod", Of: reflect.TypeFor[podVariable]()},
		cel.Variable{Name: "container", Type: "Container", Of: reflect.TypeFor[containerVariable]()},
	)
	x.forPolicies = &environment{base}
	x.forRules = &environment{base.With(cel.Variable{Name: "spec", Type: "Spec", Of: reflect.TypeFor[specs.Spec]()})}
}

// environment is what an expression can use.
type environment struct{ *cel.Environment }

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
func (e *environment) variables(s *Subject) *cel.Values {
	container := containerVariable{Name: s.Container.Name}
	pod := podVariable{
		Name: s.Pod.Name, Namespace: s.Pod.Namespace, UID: s.Pod.UID, Labels: s.Pod.Labels, RuntimeHandler: s.Pod.RuntimeHandler,
	}
	if s.Pod.LinuxNamespaces != nil {
		pod.LinuxNamespaces = &s.Pod.LinuxNamespaces
	}
	if s.Container.Image != "" {
		images := append([]string{s.Container.Image}, s.Container.OtherImages...)
		container.Image, container.Images = &s.Container.Image, &images
	}
	return e.Values(s.Done, func(name string) any {
		switch name {
		case "pod":
			return &pod
		case "container":
			return &container
		default:
			return s.Spec
		}
	})
}
