package policy

import "slices"

// Coverage is the namespaces that a policy is for.
type Coverage struct {
	Policy     string
	Namespaces []Glob // nil for all
	Excluded   []Glob
}

// Elsewhere lists the policies that do not match a container only because of its namespace.
func (s *Set) Elsewhere(sub *Subject) []Coverage {
	var out []Coverage
	for _, p := range s.policies {
		if p.match.namespace(sub.Pod.Namespace) || p.match.container(sub) == no {
			continue
		}
		c := Coverage{Policy: p.name, Namespaces: slices.Clone(p.match.Namespaces), Excluded: slices.Clone(p.match.ExcludeNamespaces)}
		if matches(c.Namespaces, protectedNamespace) && !p.match.namespace(protectedNamespace) && !matchAny(c.Excluded, protectedNamespace) {
			c.Excluded = append(c.Excluded, protectedNamespace)
		}
		out = append(out, c)
	}
	return out
}
