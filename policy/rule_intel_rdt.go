package policy

import (
	"fmt"

	"github.com/specguard/specguard/internal/globs"
	"github.com/specguard/specguard/internal/strict"
)

// IntelRdt limits the classes of Intel's Resource Director Technology, which divide the CPU's
// caches and the memory bandwidth among containers. Container runtimes put a container into a
// class that the operator has made (containerd's rdt_config_file, CRI-O's rdt_config_file). A
// schema in the spec would rewrite the class, also for other containers, so it is never allowed.
//
// Reads: linux.intelRdt (OCI runtime spec, config-linux.md, "IntelRdt").
// Adjusts: nothing: a container without a class gets everything that the default class has.
// Source: Linux, Documentation/filesystems/resctrl.rst.
// Example: {allowed: [batch, "web-*"]}
type IntelRdt struct {
	Base      `yaml:",inline"`
	checkOnly `yaml:"-"`

	// Allowed lists patterns of the classes (closID) that may be used. An empty list allows no
	// class.
	// Default: all.
	Allowed []Glob `yaml:"allowed"`
}

// Warnings tells of patterns that cover every class, and of those that cover none.
func (r *IntelRdt) Warnings() []error {
	if len(r.Allowed) == 0 {
		return nil
	}
	classes := globs.Words("", 255)
	if every(classes, r.Allowed, "") {
		return []error{strict.Field("allowed", "allows every class: the rule only denies schemas in the spec")}
	}
	return named{"class", "names of classes are names of folders", classes}.never("allowed", r.Allowed)
}

// Check finds a class that is not allowed, and schemas.
func (r *IntelRdt) Check(s *Subject) []Finding {
	if s.Spec.Linux == nil || s.Spec.Linux.IntelRdt == nil {
		return nil
	}
	rdt := s.Spec.Linux.IntelRdt
	var out []Finding
	switch {
	case rdt.ClosID != "" && !isComponent(rdt.ClosID):
		out = append(out, Finding{Found: fmt.Sprintf("RDT class %q is not a valid class name", rdt.ClosID),
			Allowed: "a class that the operator made"})
	case rdt.ClosID != "" && r.Allowed != nil && !matchAny(r.Allowed, rdt.ClosID):
		out = append(out, Finding{Found: "RDT class " + rdt.ClosID + " not allowed", Allowed: listOrNone(r.Allowed)})
	}
	if len(rdt.Schemata) > 0 || rdt.L3CacheSchema != "" || rdt.MemBwSchema != "" {
		out = append(out, Finding{Found: "an RDT schema in the spec", Allowed: "a class that the operator made"})
	}
	return out
}
