package policy

import "slices"

// warnOfNested warns of each host path that a policy allows, within one that a policy allows to
// mount writable: a container can make a link of it, and then it covers nothing. It does not
// follow symlinks.
func (c *compiler) warnOfNested(s *Set) {
	for _, p := range s.policies {
		d := c.headers[p.name]
		for i, a := range p.allowedPaths() {
			writer, within := s.around(string(a.Path))
			if within == "" {
				continue
			}
			c.warn(d.file, d.place("rules", "hostPaths", "allowed", i).Fault("policy %q allows the host path %s, which is in %s, where "+
				"policy %q lets containers write: they can replace it with a link, and then it allows nothing (make %s readOnly, or name "+
				"a folder elsewhere)", p.name, a.Path, within, writer, within))
		}
	}
}

// around finds the innermost path around the path that may be mounted writable, and the policy
// that allows it; "" where there is none.
func (s *Set) around(inner string) (writer, within string) {
	for _, p := range s.policies {
		for _, a := range p.allowedPaths() {
			if rest, in := under(string(a.Path), inner); in && rest != "" && !a.ReadOnly && len(a.Path) > len(within) {
				writer, within = p.name, string(a.Path)
			}
		}
	}
	return writer, within
}

// allowedPaths are those of the policy's rule hostPaths, with those that exceptions allow.
func (p *compiled) allowedPaths() []AllowedPath {
	var out []AllowedPath
	for _, r := range p.rules {
		h, ok := r.Rule.(*HostPaths)
		if !ok {
			continue
		}
		out = append(out, h.Allowed...)
		for _, x := range r.excuses {
			if x.wide != nil {
				out = append(out, x.by.allows[r.name].(*HostPaths).Allowed...)
			}
		}
	}
	return out
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
