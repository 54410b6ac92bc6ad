package policy

import (
	"slices"

	"github.com/specguard/specguard/internal/globs"
)

// warnOfUnused warns of exceptions for namespaces that none of their policies matches: they excuse
// no container.
func (c *compiler) warnOfUnused() {
	for i := range c.excuses {
		e := &c.excuses[i]
		applies := slices.ContainsFunc(c.policies, func(p *compiled) bool {
			return slices.Contains(e.Policies, p.name) && mayShareNamespace(&e.match, &p.match)
		})
		if d := (&header{spec: e.spec}); !applies {
			c.warn(e.file, d.place("match").Fault("the exception excuses no container: no namespace matches both it and its policies"))
		}
	}
}

// mayShareNamespace reports whether there may be a namespace that both match.
func mayShareNamespace(a, b *Match) bool {
	none := append(a.otherNamespaces(), b.otherNamespaces()...)
	_, answer := globs.Find(globs.DNSLabels(), groups(a.Namespaces, b.Namespaces), none)
	return answer != globs.None
}
