package policy

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/strict"
)

// Scheduler limits the CPU and I/O scheduling priority of a container's processes. With a
// real-time policy, a process can keep a CPU to itself. Pods have no fields for this. It comes
// only from other NRI plugins or the runtime's base spec.
//
// Reads: process.scheduler and process.ioPriority (OCI runtime spec, config.md, "Linux
// Process").
// Adjusts: removes the real-time policies (SCHED_FIFO, SCHED_RR and SCHED_DEADLINE) and
// IOPRIO_CLASS_RT, and raises nice values that are below the minimum. Other policies and I/O
// classes that are not allowed cannot be removed, because without them the process would have a
// higher priority: the container is denied.
// Source: sched(7); ioprio_set(2).
// Example: {onViolation: adjust, minNice: 5}
type Scheduler struct {
	Base `yaml:",inline"`

	// AllowedPolicies lists the scheduling policies that may be set.
	// Default: SCHED_OTHER, SCHED_BATCH, SCHED_IDLE.
	AllowedPolicies []SchedulerPolicy `yaml:"allowedPolicies"`

	// MinNice is the lowest nice value that may be set, from -20 to 19.
	// Default: 0.
	MinNice Nice `yaml:"minNice"`

	// AllowedIOClasses lists the I/O classes that may be set.
	// Default: IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE.
	AllowedIOClasses []IOClass `yaml:"allowedIOClasses"`
}

// SchedulerPolicy is a scheduling policy of the kernel.
type SchedulerPolicy string

// UnmarshalText reads a policy; an unknown one is an error that names the known
// ones.
func (p *SchedulerPolicy) UnmarshalText(text []byte) error {
	return oneOf(p, text, schedulerPolicies()...)
}

// JSONSchema lists the policies.
func (SchedulerPolicy) JSONSchema() map[string]any { return strict.Enum(schedulerPolicies()...) }

func schedulerPolicies() []SchedulerPolicy {
	return append(ordinaryPolicies(), SchedulerPolicy(specs.SchedFIFO), SchedulerPolicy(specs.SchedRR), SchedulerPolicy(specs.SchedDeadline))
}

func ordinaryPolicies() []SchedulerPolicy {
	return []SchedulerPolicy{SchedulerPolicy(specs.SchedOther), SchedulerPolicy(specs.SchedBatch), SchedulerPolicy(specs.SchedIdle)}
}

// IOClass is a class of the kernel's I/O schedulers.
type IOClass string

// UnmarshalText reads a class; an unknown one is an error that names the known
// ones.
func (c *IOClass) UnmarshalText(text []byte) error { return oneOf(c, text, ioClasses()...) }

// JSONSchema lists the classes.
func (IOClass) JSONSchema() map[string]any { return strict.Enum(ioClasses()...) }

func ioClasses() []IOClass { return append(ordinaryIOClasses(), IOClass(specs.IOPRIO_CLASS_RT)) }

func ordinaryIOClasses() []IOClass {
	return []IOClass{IOClass(specs.IOPRIO_CLASS_BE), IOClass(specs.IOPRIO_CLASS_IDLE)}
}

// Nice is a nice value, from -20 to 19. A lower value gets more CPU time.
type Nice int32

// UnmarshalText reads a value; anything but a whole number from -20 to 19 is an
// error.
func (n *Nice) UnmarshalText(text []byte) error {
	v, err := strconv.Atoi(string(text))
	if err != nil || v < -20 || v > 19 || strconv.Itoa(v) != string(text) {
		return fmt.Errorf("%q is not a nice value (allowed: a whole number from -20 to 19)", text)
	}
	*n = Nice(v)
	return nil
}

// JSONSchema requires a number.
func (Nice) JSONSchema() map[string]any {
	s := strict.Pattern("^(0|-?[1-9][0-9]?)$")
	s["type"], s["minimum"], s["maximum"] = []any{"integer", "string"}, -20, 19
	return strict.Named("nice value", s)
}

// Validate requires lists that allow something.
func (r *Scheduler) Validate() error {
	switch {
	case r.AllowedPolicies != nil && len(r.AllowedPolicies) == 0:
		return strict.Field("allowedPolicies", "is an empty list; name at least one policy")
	case r.AllowedIOClasses != nil && len(r.AllowedIOClasses) == 0:
		return strict.Field("allowedIOClasses", "is an empty list; name at least one class")
	}
	return nil
}

// Warnings tells of lists that have all that the kernel knows.
func (r *Scheduler) Warnings() []error {
	others := func(p SchedulerPolicy) bool { return !slices.Contains(r.policies(), p) }
	classes := func(c IOClass) bool { return !slices.Contains(r.classes(), c) }
	if slices.ContainsFunc(schedulerPolicies(), others) || slices.ContainsFunc(ioClasses(), classes) || r.MinNice > -20 {
		return nil
	}
	return []error{strict.Field("allowedPolicies", "has every policy, and the others every class and nice value: %s", checksNothing)}
}

func (r *Scheduler) policies() []SchedulerPolicy {
	if len(r.AllowedPolicies) > 0 {
		return r.AllowedPolicies
	}
	return ordinaryPolicies()
}

func (r *Scheduler) classes() []IOClass {
	if len(r.AllowedIOClasses) > 0 {
		return r.AllowedIOClasses
	}
	return ordinaryIOClasses()
}

// Check finds what prefers the process more than allowed.
func (r *Scheduler) Check(s *Subject) []Finding {
	p := s.Spec.Process
	if p == nil {
		return nil
	}
	var out []Finding
	if c := p.Scheduler; c != nil {
		if !slices.Contains(r.policies(), SchedulerPolicy(c.Policy)) {
			out = append(out, Finding{Found: "scheduler " + orUnnamed(string(c.Policy)) + " not allowed", Allowed: joined(r.policies())})
		}
		if c.Nice < int32(r.MinNice) {
			out = append(out, Finding{Found: fmt.Sprintf("nice value %d too low", c.Nice), Allowed: fmt.Sprintf("at least %d", r.MinNice)})
		}
	}
	if c := p.IOPriority; c != nil && !slices.Contains(r.classes(), IOClass(c.Class)) {
		out = append(out, Finding{Found: "I/O priority " + orUnnamed(string(c.Class)) + " not allowed", Allowed: joined(r.classes())})
	}
	return out
}

// orUnnamed is the word for a value that may be empty.
func orUnnamed(value string) string {
	if value == "" {
		return "(none)"
	}
	return value
}

// Adjust takes away what prefers the process.
func (r *Scheduler) Adjust(s *Subject) []string {
	p := s.Spec.Process
	if p == nil {
		return nil
	}
	var done []string
	if c := p.Scheduler; c != nil {
		switch {
		case realTime(c.Policy) && !slices.Contains(r.policies(), SchedulerPolicy(c.Policy)):
			done = append(done, "removed scheduler "+string(c.Policy))
			p.Scheduler = nil
		case c.Nice < int32(r.MinNice):
			done = append(done, fmt.Sprintf("raised nice value from %d to %d", c.Nice, r.MinNice))
			c.Nice = int32(r.MinNice)
		}
	}
	if c := p.IOPriority; c != nil && c.Class == specs.IOPRIO_CLASS_RT && !slices.Contains(r.classes(), IOClass(c.Class)) {
		done = append(done, "removed I/O priority "+string(c.Class))
		p.IOPriority = nil
	}
	return done
}

func realTime(p specs.LinuxSchedulerPolicy) bool {
	return p == specs.SchedFIFO || p == specs.SchedRR || p == specs.SchedDeadline
}
