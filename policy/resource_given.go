package policy

import "github.com/opencontainers/runtime-spec/specs-go"

// allowance is what rules in force give a container together that has no limit: the lowest of
// what those that adjust set, and at most the lowest maximum of all. Each is unlimited where no rule
// says it.
type allowance struct{ def, max int64 }

// unite has a missing limit set to what all rules together give.
func (r *Resources) unite(priority int, others []peer) Rule {
	united := *r
	united.force = forceOf(r, priority, others)
	return &united
}

// memoryDue reports whether a rule in force is still to set the memory limit. The limit of swap space
// depends on it.
func (r *Resources) memoryDue(res *specs.LinuxResources) bool {
	return !r.force.or(r).accept(func(o *Resources) bool {
		return o.Action() != Adjust || len(o.limits()[memoryAt].check(res)) == 0
	})
}

// memoryAt is the index of memory among the limits of a rule.
const memoryAt = 0

// given is what the rules give of the resource that is the i-th of their limits.
func (r *Resources) given(i int) allowance {
	out := allowance{unlimited, unlimited}
	for _, m := range r.force.or(r) {
		rule := m.rule
		l := rule.limits()[i]
		if l.max > 0 {
			out.max = min(out.max, l.max)
		}
		switch {
		case rule.Action() != Adjust:
		case l.def > 0:
			out.def = min(out.def, l.def)
		case l.max > 0:
			out.def = min(out.def, l.max)
		}
	}
	return out
}
