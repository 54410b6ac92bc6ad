package policy

import (
	"slices"

	"github.com/specguard/specguard/internal/strict"
)

// Custom checks conditions of your own, written in the Common Expression Language (CEL,
// https://cel.dev) as in the validations of Kubernetes' ValidatingAdmissionPolicy.
//
// An expression is true for a container that complies. It can use these variables:
//
//   - spec: the OCI runtime spec, with the names of its JSON:
//     spec.process.user.uid, spec.mounts, spec.linux.seccomp.
//   - pod: name, namespace, uid, labels, runtimeHandler, and linuxNamespaces, the
//     types of the namespaces that the pod has of its own, such as "network".
//   - container: name, image (the reference) and images (all references that
//     are known).
//
// When a policy is loaded, names and types in its expressions are checked, and that the result is
// true or false. All whole numbers are of type int. A larger number becomes the largest int
// (2^63-1). The functions are the standard ones of CEL and the extensions strings, lists and sets
// of cel-go.
//
// A string, list or map that is missing in the spec reads as empty, and a missing flag such as
// spec.process.terminal as false. A missing limit, and a field in a missing part of the spec,
// cannot be read. Test for them with has(spec.linux.resources.memory.limit) or spec.linux.seccomp
// != null.
//
// An expression that reads what cannot be read, such as a label that the pod does not have or an
// image that is not known, breaks the rule. An expression also breaks it if it fails for another
// reason, or costs more than 500,000 steps in CEL's cost model, which is less than half a second.
// Comparing lists, sets and maps costs at least one step per element, so an expression that
// compares every mount with every other fails for a spec with more than a few hundred mounts.
//
// Examples:
//
//	!spec.process.terminal || pod.namespace == "debug"
//	container.image.startsWith("registry.example.com/db/") == (spec.process.user.uid == 999)
//	has(spec.linux.resources.memory.swap) && spec.linux.resources.memory.swap == spec.linux.resources.memory.limit
//
// Reads: all of the spec, the pod, the image.
// Adjusts: nothing.
// Source: CEL, https://github.com/google/cel-spec; Kubernetes' ValidatingAdmissionPolicy,
// spec.validations; OCI runtime spec, config.md.
// Example: {validations: [{name: no-terminal, expression: "!spec.process.terminal", message: a terminal is not allowed}]}
type Custom struct {
	Base      `yaml:",inline"`
	checkOnly `yaml:"-"`

	// Validations lists the conditions. A container must meet all of them. At least one is
	// required.
	Validations []Validation `yaml:"validations"`

	env *environment
}

// Validation is one condition.
type Validation struct {
	// Name identifies the validation within the rule. The message begins with it.
	Name name `yaml:"name"`

	// Expression is true for a container that complies. In YAML, put an expression that begins
	// with ! in quotes.
	Expression expression `yaml:"expression"`

	// On says which spec the condition is about: the one that came, or the one that will run.
	// Default: what the rule says.
	On Moment `yaml:"on"`

	// Message says, in one line, what is wrong with a container that does not comply. It is
	// printed as it is; values of the spec are never added.
	Message line `yaml:"message"`
}

// JSONSchema says what Validate requires.
func (Validation) JSONSchema() map[string]any {
	return strict.Required("name", "expression", "message")
}

// Validate requires every field.
func (v *Validation) Validate() error {
	switch {
	case v.Name == "":
		return strict.Field("name", "is missing")
	case v.Expression.text == "":
		return strict.Field("expression", "is missing")
	case v.Message == "":
		return strict.Field("message", "is missing: it says what is wrong if the expression is not true")
	}
	return nil
}

// Validate requires a validation, and each name once.
func (c *Custom) Validate() error {
	if len(c.Validations) == 0 {
		return strict.Field("validations", "is missing or empty: the rule would check nothing")
	}
	for i, v := range c.Validations {
		if slices.ContainsFunc(c.Validations[:i], func(o Validation) bool { return o.Name == v.Name }) {
			return strict.Field("validations", "has two entries with the name %q", v.Name)
		}
	}
	return nil
}

// compile checks the expressions.
func (c *Custom) compile(x *expressions) []strict.Error {
	c.env = x.validations()
	var errs []strict.Error
	for i := range c.Validations {
		e := &c.Validations[i].Expression
		faults := e.compile(c.env)
		if len(faults) == 0 && e.always(true) {
			faults = e.fault("is always true: it checks nothing")
		}
		errs = append(errs, faults...)
	}
	return errs
}

// doubts tells of expressions that no container can comply with. They are compiled.
func (c *Custom) doubts() []strict.Error {
	var out []strict.Error
	for i := range c.Validations {
		if e := &c.Validations[i].Expression; e.always(false) {
			out = append(out, e.fault("is never true: every container breaks the rule")...)
		}
	}
	return out
}

// parts are the rule with the validations of each moment.
func (c *Custom) parts() (request, result Rule) {
	part := func(when Moment) Rule {
		own := *c
		own.Validations = nil
		for _, v := range c.Validations {
			if v.On == when || v.On == "" && c.requests() == (when == OnRequest) {
				own.Validations = append(own.Validations, v)
			}
		}
		if own.Validations == nil {
			return nil
		}
		return &own
	}
	return part(OnRequest), part(OnResult)
}

// Check asks every validation.
func (c *Custom) Check(s *Subject) []Finding {
	vars := c.env.variables(s)
	var findings []Finding
	for i := range c.Validations {
		v := &c.Validations[i]
		found := string(v.Name) + ": " + string(v.Message)
		switch a, why := v.Expression.ask(vars); {
		case a == yes:
			continue
		case a == unknown && why != "":
			found += " (cannot be evaluated: " + why + ")"
		case a == unknown:
			found += " (cannot be evaluated)"
		}
		findings = append(findings, Finding{Found: found})
	}
	return findings
}
