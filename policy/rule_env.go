package policy

import (
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/globs"
	"github.com/specguard/specguard/internal/strict"
)

// Env forbids environment variables by their names, such as LD_PRELOAD, with which the dynamic
// linker loads other code. It never judges and never shows values.
//
// It judges the environment with which the container's first process starts: the image's, the
// pod's and what other plugins added. In containerd, a process that exec starts later gets the
// remaining variables. The rule cannot keep a process from setting variables for its own
// children.
//
// Reads: process.env (OCI runtime spec, config.md, "Process").
// Adjusts: removes all entries of these variables.
// Source: environ(7); ld.so(8), "ENVIRONMENT".
// Example: {onViolation: adjust, forbid: ["LD_*"], allow: [LD_LIBRARY_PATH]}
type Env struct {
	Base `yaml:",inline"`

	// Forbid lists patterns of names that must not be set. It is required. Case matters: the
	// kernel and most programs distinguish HOME and home. If an entry has no =, all of it is the
	// name.
	Forbid []Glob `yaml:"forbid"`

	// Allow lists patterns of names that may be set even if Forbid contains them.
	// Default: none.
	Allow []Glob `yaml:"allow"`
}

// JSONSchema refuses empty patterns, as Validate does.
func (Env) JSONSchema() map[string]any {
	named := map[string]any{"items": map[string]any{"minLength": 1}}
	return map[string]any{"properties": map[string]any{"forbid": named, "allow": named}}
}

// Validate requires names.
func (e *Env) Validate() error {
	for _, l := range []struct {
		key   string
		globs []Glob
	}{{"forbid", e.Forbid}, {"allow", e.Allow}} {
		for _, g := range l.globs {
			if g == "" || strings.ContainsAny(string(g), "=/") {
				return strict.Field(l.key, "%q is not a pattern of names (allowed: a pattern such as LD_PRELOAD, LD_*; write ? for a slash)", g)
			}
		}
	}
	if len(e.Forbid) == 0 && e.Action() != Ignore {
		return strict.Field("forbid", "is missing or empty")
	}
	if len(e.Allow) > 0 && e.Action() != Ignore {
		if _, left := globs.Find(globs.Words("=", 255), groups(e.Forbid), texts(e.Allow)); left == globs.None {
			return strict.Field("allow", "covers all that forbid covers: %s", checksNothing)
		}
	}
	return nil
}

// Warnings tells of patterns that change nothing, and of a rule that no container can comply with.
func (e *Env) Warnings() []error {
	if len(e.Forbid) == 0 { // an exception's
		return nil
	}
	names := globs.Words("=", 255)
	var out []error
	for i, g := range e.Allow {
		if !mayShare(names, g, e.Forbid) {
			out = append(out, strict.Entry("allow", i, "%q has no effect: forbid covers no such name", g))
		}
	}
	for i, g := range e.Forbid {
		if coverAll(names, e.Allow, g) {
			out = append(out, strict.Entry("forbid", i, "%q has no effect: allow covers all such names", g))
		}
	}
	if len(e.Allow) == 0 && matchAny(e.Forbid, "PATH") && every(names, e.Forbid) && e.Action() != Adjust {
		out = append(out, strict.Field("forbid", "covers every variable, such as PATH, which each container has: all are denied (name others in "+
			"allow)"))
	}
	return out
}

// Check finds forbidden variables.
func (e *Env) Check(s *Subject) []Finding {
	names := e.found(s.Spec)
	if len(names) == 0 {
		return nil
	}
	return []Finding{listing("environment variables ", names, " not allowed").
		with("", "remove them from env and envFrom, or from the image")}
}

// Adjust removes them.
func (e *Env) Adjust(s *Subject) []string {
	names := e.found(s.Spec)
	if len(names) == 0 {
		return nil
	}
	p := s.Spec.Process
	p.Env = slices.DeleteFunc(p.Env, e.forbids)
	return []string{"removed environment variables " + few(names)}
}

// found lists the names of forbidden variables, each once.
func (e *Env) found(spec *specs.Spec) []string {
	if spec.Process == nil {
		return nil
	}
	var names []string
	seen := make(map[string]bool)
	for _, entry := range spec.Process.Env {
		if !e.forbids(entry) {
			continue
		}
		if name := variable(entry); !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

func (e *Env) forbids(entry string) bool {
	name, _, _ := strings.Cut(entry, "=")
	name = strings.ReplaceAll(name, "/", "\x00") // in a pattern * is not meant to stop there
	return matchAny(e.Forbid, name) && !matchAny(e.Allow, name)
}

// variable is how messages name the variable of an entry. An entry without =
// is not shown: it may be a value that got there by mistake.
func variable(entry string) string {
	const most = 64 // bytes
	name, _, ok := strings.Cut(entry, "=")
	switch {
	case !ok:
		return "(an entry without =)"
	case name == "":
		return "(an entry without a name)"
	case len(name) > most:
		return strings.ToValidUTF8(name[:most], "") + "..."
	}
	return name
}
