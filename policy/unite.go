package policy

import (
	"cmp"
	"slices"
)

// unites is implemented by rules that give something to a container that they adjust, such as a
// user, a limit or a writable path. What several policies give does not depend on their names. Where
// only one of several values can be set, their priorities count.
type unites interface {
	// unite returns the rule that gives what all rules of its kind together give: this one and
	// the others, of which some may only reject.
	unite(priority int, others []peer) Rule
}

// peer is a rule of another policy, and the policy's priority.
type peer struct {
	Rule
	priority int
}

// force are rules of one kind that are in force: first the one that adjusts.
type force[R Rule] []ranked[R]

type ranked[R Rule] struct {
	rule     R
	priority int
}

// forceOf are a rule of a policy with that priority, and its peers.
func forceOf[R Rule](own R, priority int, others []peer) force[R] {
	out := force[R]{{own, priority}}
	for _, o := range others {
		out = append(out, ranked[R]{o.Rule.(R), o.priority})
	}
	return out
}

// or are the rules, or only the given one if there are none.
func (f force[R]) or(own R) force[R] {
	if f == nil {
		return force[R]{{rule: own}}
	}
	return f
}

// accept reports whether no rule objects.
func (f force[R]) accept(accepts func(R) bool) bool {
	return !slices.ContainsFunc(f, func(m ranked[R]) bool { return !accepts(m.rule) })
}

// united is the rule that adjusts: with the rules of its kind of other policies that are in force.
func (e *evaluation) united(r *bound) Rule {
	rule, ok := r.Rule.(unites)
	if !ok {
		return r.Rule
	}
	var others []peer
	for i := range e.rules {
		if o := &e.rules[i]; o.order == r.order && o.compiledRule != r.compiledRule && e.inForce(o) && o.result != nil {
			others = append(others, peer{o.Rule, o.policy.priority})
		}
	}
	return rule.unite(r.policy.priority, others)
}

// inForce reports whether what the rule says counts while rules adjust.
func (e *evaluation) inForce(r *bound) bool {
	return r.enforced && r.excuse == nil && !(r.undecided && e.sub.AdjustsOnce)
}

// offer is what a rule that adjusts would set.
type offer[V any] struct {
	value V
	asked bool // the rule wants what came with the container to be replaced

	priority int // of the rule's policy
}

// agreed is the offer that is set: of those that all rules in force accept, that of a rule that
// wants to replace something; if there are several, that of the highest priority; if there are
// still several, the first in order. If there is none that all accept, it is the rule's own: the
// container is denied, whichever is set.
func agreed[V cmp.Ordered](own V, offers []offer[V], accepted func(V) bool) V {
	rank := func(o offer[V]) int {
		if o.asked {
			return 0
		}
		return 1
	}
	slices.SortFunc(offers, func(a, b offer[V]) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.priority, a.priority), cmp.Compare(a.value, b.value))
	})
	for _, o := range offers {
		if accepted(o.value) {
			return o.value
		}
	}
	return own
}
