package policy

import (
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/policy/strict"
)

// Env forbids environment variables by their names, such as those with which
// the dynamic linker loads foreign code (LD_PRELOAD). Values are never read
// and never shown.
//
// What is judged is the environment that the container's first process starts
// with: the image's, the pod's and what other plugins added. A process can set
// variables for its own children.
//
// Reads: process.env (OCI runtime spec, config.md, "Process").
// Adjusts: removes the variables.
// Source: environ(7); ld.so(8), "ENVIRONMENT".
// Example: {onViolation: adjust, forbid: ["LD_*"], allow: [LD_LIBRARY_PATH]}
type Env struct {
	Base `yaml:",inline"`

	// Forbid lists patterns of names that must not be set. Letters count as
	// they are written: the kernel and most programs tell HOME from home.
	Forbid []Glob `yaml:"forbid"`

	// Allow lists patterns of names that may be set although Forbid has them.
	Allow []Glob `yaml:"allow"`
}

// Validate wants names.
func (e *Env) Validate() error {
	switch {
	case len(e.Forbid) == 0 && e.Action() != Ignore:
		return strict.Field("forbid", "is missing")
	case slices.Contains(e.Forbid, "") || slices.Contains(e.Allow, ""):
		return strict.Field("forbid", "has an empty pattern, which never matches")
	}
	return nil
}

// Check finds forbidden variables.
func (e *Env) Check(s *Subject) []Finding {
	names := e.found(s.Spec)
	if len(names) == 0 {
		return nil
	}
	return []Finding{{Found: "environment variables " + few(names) + " not allowed"}}
}

// Adjust removes them.
func (e *Env) Adjust(s *Subject) []string {
	names := e.found(s.Spec)
	if len(names) == 0 {
		return nil
	}
	p := s.Spec.Process
	p.Env = slices.DeleteFunc(p.Env, func(entry string) bool { return e.forbids(variable(entry)) })
	return []string{"removed environment variables " + few(names)}
}

// found lists the names of forbidden variables, each once.
func (e *Env) found(spec *specs.Spec) []string {
	if spec.Process == nil {
		return nil
	}
	var names []string
	for _, entry := range spec.Process.Env {
		if name := variable(entry); e.forbids(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func (e *Env) forbids(name string) bool {
	name = strings.ReplaceAll(name, "/", "_") // in a pattern * is not meant to stop there
	return matchAny(e.Forbid, name) && !matchAny(e.Allow, name)
}

// variable is the name in an entry of an environment. An entry without = is
// not shown: it may be a value that got there by mistake.
func variable(entry string) string {
	name, _, ok := strings.Cut(entry, "=")
	if !ok {
		return "(without a name)"
	}
	return name
}
