package policy

import "slices"

// warnOfKubeSystem warns, once, of policies for every namespace if none of all policies covers
// kube-system.
func (c *compiler) warnOfKubeSystem(s *Set) {
	if slices.ContainsFunc(s.policies, func(p *compiled) bool { return p.match.speaksOf(protectedNamespace) }) {
		return
	}
	for _, p := range s.policies {
		if !p.match.everyNamespace() {
			continue
		}
		d := c.headers[p.name]
		c.warn(d.file, d.place("match", "namespaces").Fault("no policy covers %[1]s: only policies whose namespaces contain the full name "+
			"match it (write one with match: {namespaces: [%[1]s]}, at first in mode audit, or add %[1]s to excludeNamespaces here)",
			protectedNamespace))
		return
	}
}

// speaksOf reports whether the match names the namespace in full, to match it or to exclude it.
func (m *Match) speaksOf(namespace Glob) bool {
	return slices.Contains(m.Namespaces, namespace) || slices.Contains(m.ExcludeNamespaces, namespace)
}

// everyNamespace reports whether the match is for all namespaces, but for some.
func (m *Match) everyNamespace() bool {
	return len(m.Namespaces) == 0 || slices.ContainsFunc(m.Namespaces, isEverything)
}
