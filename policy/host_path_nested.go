package policy

import "slices"

// NestedPath is a path of the host that a policy allows to mount, within one
// that the policy Writer allows to mount writable: a container can make a link of
// it, and then it covers nothing.
type NestedPath struct{ Policy, Path, Writer, Within string }

// NestedPaths gives those of all policies, without following symlinks.
func (s *Set) NestedPaths() []NestedPath {
	var out []NestedPath
	for _, p := range s.policies {
		for _, a := range p.allowedPaths() {
			if n, ok := s.around(string(a.Path)); ok {
				n.Policy = p.name
				out = append(out, n)
			}
		}
	}
	return out
}

// around finds the innermost path around the path that may be mounted writable.
func (s *Set) around(inner string) (n NestedPath, ok bool) {
	n.Path = inner
	for _, p := range s.policies {
		for _, a := range p.allowedPaths() {
			if rest, in := under(string(a.Path), inner); in && rest != "" && !a.ReadOnly && len(a.Path) > len(n.Within) {
				n.Writer, n.Within = p.name, string(a.Path)
			}
		}
	}
	return n, n.Within != ""
}

// allowedPaths are those of the policy's rule hostPaths.
func (p *compiled) allowedPaths() []AllowedPath {
	for _, r := range p.rules {
		if h, ok := r.Rule.(*HostPaths); ok {
			return h.Allowed
		}
	}
	return nil
}

// writablePaths are the paths of the host that the policies allow to mount
// writable, sorted, each once.
func writablePaths(policies []*compiled) []string {
	var out []string
	for _, p := range policies {
		for _, a := range p.allowedPaths() {
			if !a.ReadOnly {
				out = append(out, string(a.Path))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
