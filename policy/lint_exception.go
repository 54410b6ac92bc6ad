package policy

import (
	"github.com/specguard/specguard/internal/globs"
)

// warnOfUnused warns of exceptions from policies that match none of the same containers: they excuse
// no container.
func (c *compiler) warnOfUnused() {
	policies := make(map[string]*compiled, len(c.policies))
	for _, p := range c.policies {
		policies[p.name] = p
	}
	for i := range c.excuses {
		e := &c.excuses[i]
		d := &header{spec: e.spec}
		var unused []int
		for k, name := range e.Policies {
			if p := policies[name]; p != nil && !mayOverlap(&e.match, &p.match) {
				unused = append(unused, k)
			}
		}
		if len(unused) == len(e.Policies) {
			c.warn(e.file, d.place("match").Fault("the exception excuses no container: no container matches both it and its policies"))
			continue
		}
		for _, k := range unused {
			c.warn(e.file, d.place("policies", k).Fault("no container matches both this policy and the exception"))
		}
	}
}

// mayOverlap reports whether there may be containers that both match. It does not compare images: an
// image has several names, and an exception goes by another one than a policy.
func mayOverlap(a, b *Match) bool { return sameNames(a, b) != globs.None && samePods(a, b) }
