package policy

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/strict"
)

// Rlimits sets maximums for the resource limits of a container's processes, such as the number
// of open files. It judges both the soft and the hard limit. A process with the capability
// SYS_RESOURCE can raise its limits.
//
// If the spec sets no limit for a resource, the process inherits the container runtime's limit.
// The rule cannot see that, so it accepts a missing limit unless the limit is required or has a
// default.
//
// Reads: process.rlimits (OCI runtime spec, config.md, "POSIX process").
// Adjusts: lowers a limit to the maximum, and sets a missing one to its default, but not above
// the maximum of any policy. Without a default it does not set a missing limit, because the
// inherited limit might be lower. If the limit is required, the container is then denied.
// Source: getrlimit(2).
// Example: {onViolation: adjust, limits: [{type: RLIMIT_NOFILE, default: 1024, max: 65536}, {type: RLIMIT_CORE, max: 0}]}
type Rlimits struct {
	Base `yaml:",inline"`

	// Limits lists the resources and their maximums. It is required.
	Limits []RlimitBound `yaml:"limits"`

	force force[*Rlimits] // with those of other policies, while it adjusts
}

// RlimitBound sets a maximum for the limit of one resource.
type RlimitBound struct {
	// Type is the name of the resource, such as RLIMIT_NOFILE. It is required.
	Type RlimitType `yaml:"type"`

	// Max is the largest limit allowed, in the unit of the resource (bytes, seconds, or a number
	// of things). 0 is allowed.
	// Default: no maximum.
	Max *RlimitValue `yaml:"max"`

	// Default is the limit, soft and hard, that adjusting sets if the spec has none for the
	// resource. If several policies have a default, the largest counts. It can be above the limit
	// with which the runtime was started.
	// Default: a missing limit is not set.
	Default *RlimitValue `yaml:"default"`

	// Required: the spec must set a limit.
	Required bool `yaml:"required"`
}

// RlimitType is the name of a resource.
type RlimitType string

// rlimitTypes are the resources of getrlimit(2).
func rlimitTypes() []RlimitType {
	return []RlimitType{
		"RLIMIT_AS", "RLIMIT_CORE", "RLIMIT_CPU", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_LOCKS", "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE",
		"RLIMIT_NICE", "RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_RSS", "RLIMIT_RTPRIO", "RLIMIT_RTTIME", "RLIMIT_SIGPENDING", "RLIMIT_STACK",
	}
}

// UnmarshalText reads a name; an unknown one is an error that names the known
// ones.
func (t *RlimitType) UnmarshalText(text []byte) error { return oneOf(t, text, rlimitTypes()...) }

// JSONSchema requires one of the names.
func (RlimitType) JSONSchema() map[string]any {
	return strict.Named("rlimit", strict.Enum(rlimitTypes()...))
}

// is reports whether an entry of a spec is for the resource. Some runtimes may
// read names in other ways than the OCI spec has them.
func (t RlimitType) is(name string) bool {
	return strings.EqualFold(name, string(t)) || strings.EqualFold("RLIMIT_"+name, string(t))
}

// RlimitValue is a limit, in the unit of its resource.
type RlimitValue uint64

// infinity is RLIM_INFINITY, which stands for no limit.
const infinity = math.MaxUint64

// UnmarshalText reads a limit; anything but a whole number is an error, and so
// is the one that stands for no limit.
func (v *RlimitValue) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil || n == infinity || strconv.FormatUint(n, 10) != string(text) {
		return fmt.Errorf("%q is not a limit (allowed: a whole number from 0 to 18446744073709551614)", text)
	}
	*v = RlimitValue(n)
	return nil
}

// JSONSchema requires a number.
func (RlimitValue) JSONSchema() map[string]any {
	s := strict.Pattern("^(0|[1-9][0-9]{0,19})$")
	s["type"], s["minimum"] = []any{"integer", "string"}, 0
	return strict.Named("limit", s)
}

// JSONSchema says what Validate requires of each.
func (RlimitBound) JSONSchema() map[string]any { return strict.Required("type") }

// Validate requires a name, and something to bound.
func (b *RlimitBound) Validate() error {
	switch {
	case b.Type == "":
		return strict.Field("type", "is missing")
	case b.Max == nil && b.Default == nil && !b.Required:
		return fmt.Errorf("needs max, default or required")
	case b.Max != nil && b.Default != nil && *b.Default > *b.Max:
		return strict.Field("default", "%d is above max, %d", *b.Default, *b.Max)
	}
	return nil
}

// Warnings tells of a maximum that no limit but an unlimited one is above.
func (b *RlimitBound) Warnings() []error {
	most := uint64(hugeMemory)
	switch b.Type {
	case "RLIMIT_NICE":
		most = 40 // nice -20
	case "RLIMIT_RTPRIO":
		most = 99
	}
	if b.Max == nil || uint64(*b.Max) < most {
		return nil
	}
	return []error{strict.Field("max", "%d is the most that there can be of %s, or more: only unlimited breaks the rule", *b.Max, b.Type)}
}

// Validate requires limits, each once.
func (r *Rlimits) Validate() error {
	if len(r.Limits) == 0 && r.Action() != Ignore {
		return strict.Field("limits", "is missing or empty")
	}
	for i, b := range r.Limits {
		if slices.ContainsFunc(r.Limits[:i], func(o RlimitBound) bool { return o.Type == b.Type }) {
			return strict.Field("limits", "has %s twice", b.Type)
		}
		if b.Default != nil && r.Action() != Adjust && r.Action() != Ignore {
			return strict.Field("limits", "the default of %s needs onViolation: adjust", b.Type)
		}
	}
	return nil
}

// Check finds limits that are too high, and required ones that are missing.
func (r *Rlimits) Check(s *Subject) []Finding {
	var out []Finding
	for _, b := range r.Limits {
		highest, set := b.highest(s.Spec.Process)
		switch {
		case !set && (b.Required || b.Default != nil):
			out = append(out, Finding{Found: string(b.Type) + " is not set", Allowed: b.allowed()})
		case set && b.Max != nil && highest > uint64(*b.Max):
			out = append(out, Finding{Found: fmt.Sprintf("%s of %s is too high", b.Type, limitText(highest)), Allowed: b.allowed()})
		}
	}
	return out
}

// Adjust lowers the limits that are too high, and sets those that have a default.
func (r *Rlimits) Adjust(s *Subject) []string {
	if s.Spec.Process == nil {
		return nil
	}
	var done []string
	for _, b := range r.Limits {
		highest, set := b.highest(s.Spec.Process)
		if !set && b.Default != nil {
			n := r.given(b.Type)
			s.Spec.Process.Rlimits = append(s.Spec.Process.Rlimits, specs.POSIXRlimit{Type: string(b.Type), Soft: n, Hard: n})
			done = append(done, fmt.Sprintf("set %s to %d", b.Type, n))
			continue
		}
		if !set || b.Max == nil || highest <= uint64(*b.Max) {
			continue
		}
		for i := range s.Spec.Process.Rlimits {
			if l := &s.Spec.Process.Rlimits[i]; b.Type.is(l.Type) {
				l.Soft, l.Hard = min(l.Soft, uint64(*b.Max)), min(l.Hard, uint64(*b.Max))
			}
		}
		done = append(done, fmt.Sprintf("lowered %s from %s to %d", b.Type, limitText(highest), *b.Max))
	}
	return done
}

// unite has a missing limit set to what all rules together give.
func (r *Rlimits) unite(priority int, others []peer) Rule {
	united := *r
	united.force = forceOf(r, priority, others)
	return &united
}

// given is what a missing limit is set to: the largest default of the rules in force
// that adjust, but not above the maximum of any rule in force, so that no container is denied
// for a limit that it was given.
func (r *Rlimits) given(t RlimitType) uint64 {
	largest, lowest := uint64(0), uint64(infinity)
	for _, m := range r.force.or(r) {
		rule := m.rule
		for _, b := range rule.Limits {
			if b.Type == t && b.Max != nil {
				lowest = min(lowest, uint64(*b.Max))
			}
			if b.Type == t && b.Default != nil && rule.Action() == Adjust {
				largest = max(largest, uint64(*b.Default))
			}
		}
	}
	return min(largest, lowest)
}

// highest gives the largest of the limits that a process has for the resource,
// and whether it has one.
func (b *RlimitBound) highest(p *specs.Process) (limit uint64, set bool) {
	if p == nil {
		return 0, false
	}
	for _, l := range p.Rlimits {
		if b.Type.is(l.Type) {
			limit, set = max(limit, l.Soft, l.Hard), true
		}
	}
	return limit, set
}

func (b *RlimitBound) allowed() string {
	if b.Max == nil {
		return "any limit"
	}
	return fmt.Sprintf("at most %d", *b.Max)
}

func limitText(n uint64) string {
	if n == infinity {
		return "unlimited"
	}
	return strconv.FormatUint(n, 10)
}
