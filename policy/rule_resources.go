package policy

import (
	"fmt"
	"strconv"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/strict"
)

// Resources limits what the container may use of the node: memory, CPU time, the number of
// processes, swap space and huge pages. Set at least one of them. A container without a limit of
// memory, CPU time or processes breaks the rule if the rule has a maximum, a default or required
// for it.
//
// The rule also applies when the limits of a running container are updated.
//
// Reads: linux.resources: memory.limit, memory.swap, cpu.quota and cpu.period, pids.limit,
// hugepageLimits, and unified memory.max, memory.swap.max, cpu.max, pids.max and hugetlb.*.max,
// which take precedence (OCI runtime spec, config-linux.md, "Control groups"). For a default:
// cpu.shares, memory.reservation, unified memory.min and memory.low.
// Adjusts: sets a missing limit to its default, or to the maximum if there is no default, and
// lowers a limit to the maximum. It then sets memory.swap to memory.limit. A default that is
// below what the spec shows of the pod's request is raised to that, but not above the maximum:
// the request of CPU is in cpu.shares; the request of memory is in a spec only if the kubelet
// protects it (MemoryQoS: memory.min, memory.low). If unified has another value for the same
// limit, the rule overwrites it. The rule never raises a limit. If several policies set a missing
// limit, the lowest counts, and it is never above the maximum of any policy.
// Source: cgroups(7); Linux, Documentation/admin-guide/cgroup-v2.rst; Kubernetes LimitRange.
// Example: {onViolation: adjust, memory: {default: 256Mi, max: 1Gi}, cpu: {max: "2"}, pids: {max: 512}}
type Resources struct {
	Base `yaml:",inline"`

	// Memory limits the memory, in bytes.
	Memory MemoryLimits `yaml:"memory"`

	// CPU limits the processor time (quota per period), in CPUs.
	CPU CPULimits `yaml:"cpu"`

	// Pids limits the number of processes and threads.
	Pids PidsLimits `yaml:"pids"`

	// Swap limits the swap space, in bytes.
	Swap SwapLimits `yaml:"swap"`

	// Hugepages limits the huge pages of each size, in bytes.
	Hugepages HugepageLimits `yaml:"hugepages"`

	force force[*Resources] // with those of other policies, while it adjusts
}

// SwapLimits limits a container's swap space.
type SwapLimits struct {
	// Max is the largest swap space allowed; 0 is none. A container without a limit may swap as
	// much as it likes: it breaks the rule. Adjusting sets the limit, unless the container has no
	// memory limit either and its cgroup may be of version 1: then it is denied.
	// Default: no maximum.
	Max *Size `yaml:"max"`
}

// HugepageLimits limits a container's huge pages.
type HugepageLimits struct {
	// Max is the largest limit allowed for the pages of any size; 0 is none. The kubelet gives
	// every container a limit for each size that the node has. A size without a limit has only
	// the pod's, and does not break the rule.
	// Default: no maximum.
	Max *Size `yaml:"max"`
}

// MemoryLimits limits a container's memory, in bytes.
type MemoryLimits struct {
	// Default is the limit that adjusting gives a container without one.
	// Default: the maximum.
	Default Quantity `yaml:"default"`

	// Max is the largest limit allowed.
	// Default: no maximum.
	Max Quantity `yaml:"max"`

	// Required: there must be a limit, of any size.
	Required bool `yaml:"required"`
}

// CPULimits limits a container's CPU time, in thousandths of a CPU.
type CPULimits struct {
	// Default is the limit that adjusting gives a container without one.
	// Default: the maximum.
	Default CPU `yaml:"default"`

	// Max is the largest limit allowed.
	// Default: no maximum.
	Max CPU `yaml:"max"`

	// Required: there must be a limit, of any size.
	Required bool `yaml:"required"`
}

// PidsLimits limits the number of a container's processes and threads.
type PidsLimits struct {
	// Default is the limit that adjusting gives a container without one.
	// Default: the maximum.
	Default Count `yaml:"default"`

	// Max is the largest limit allowed.
	// Default: no maximum.
	Max Count `yaml:"max"`

	// Required: there must be a limit, of any size.
	Required bool `yaml:"required"`
}

// Count is a number of processes, from 1 to 4194304, which is the largest limit that the kernel takes.
type Count int64

// UnmarshalText reads a number; anything but a whole number above 0, and one that the kernel does not
// take, is an error.
func (c *Count) UnmarshalText(text []byte) error {
	n, err := strconv.ParseInt(string(text), 10, 32)
	if err != nil || n <= 0 || n > mostPids {
		return fmt.Errorf("%q is not a valid number (allowed: a whole number from 1 to %d)", text, mostPids)
	}
	*c = Count(n)
	return nil
}

// JSONSchema requires a number from 1.
func (Count) JSONSchema() map[string]any {
	s := strict.Pattern(`^\+?0*[1-9][0-9]{0,6}$`)
	s["type"], s["minimum"], s["maximum"] = []any{"string", "integer"}, 1, mostPids
	return strict.Named("positive number", s)
}

// Validate requires a limit, defaults only where they can be set, and none above
// its maximum.
func (r *Resources) Validate() error {
	said := r.Swap.Max != nil || r.Hugepages.Max != nil
	for _, l := range r.limits() {
		said = said || l.wanted()
		switch {
		case l.def > 0 && r.Action() != Adjust:
			return strict.Field(l.name, "default needs onViolation: adjust")
		case l.max > 0 && l.def > l.max:
			return strict.Field(l.name, "default %s is above max %s", l.format(l.def), l.format(l.max))
		}
	}
	if !said && r.Action() != Ignore {
		return fmt.Errorf("needs memory, cpu, pids, swap or hugepages")
	}
	return nil
}

func (r *Resources) limits() []limit {
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	return []limit{
		{
			resource: memoryResource{}, name: "memory", unified: "memory.max",
			def: int64(r.Memory.Default), max: int64(r.Memory.Max), required: r.Memory.Required,
			format: func(n int64) string { return Quantity(n).String() },
		},
		{
			resource: cpuResource{}, name: "cpu", unified: "cpu.max",
			def: int64(r.CPU.Default), max: int64(r.CPU.Max), required: r.CPU.Required,
			format: func(n int64) string { return CPU(n).String() },
		},
		{
			resource: pidsResource{}, name: "pids", unified: "pids.max",
			def: int64(r.Pids.Default), max: int64(r.Pids.Max), required: r.Pids.Required,
			format: number,
		},
	}
}

// Check finds limits that are missing, too high, or unreadable.
func (r *Resources) Check(s *Subject) []Finding {
	var out []Finding
	for _, l := range r.limits() {
		out = append(out, l.check(resourcesOf(s))...)
	}
	out = append(out, r.Swap.check(resourcesOf(s))...)
	return append(out, r.Hugepages.check(resourcesOf(s))...)
}

// Adjust sets limits that are missing and lowers those that are too high.
func (r *Resources) Adjust(s *Subject) []string {
	if s.linux().Resources == nil {
		s.Spec.Linux.Resources = &specs.LinuxResources{}
	}
	var done []string
	for i, l := range r.limits() {
		if res := s.Spec.Linux.Resources; len(l.check(res)) > 0 {
			done = append(done, l.adjust(res, r.given(i))...)
		}
	}
	if !r.memoryDue(s.Spec.Linux.Resources) {
		done = append(done, r.Swap.adjust(s.Spec.Linux.Resources)...)
	}
	return append(done, r.Hugepages.adjust(s.Spec.Linux.Resources)...)
}

// resourcesOf gives the subject's resources; empty ones where it has none.
func resourcesOf(s *Subject) *specs.LinuxResources {
	if s.Spec.Linux == nil || s.Spec.Linux.Resources == nil {
		return &specs.LinuxResources{}
	}
	return s.Spec.Linux.Resources
}
