package policy

import (
	"path"
	"slices"
)

// warnOfNested warns of each host path that a policy allows, within one that a policy allows to
// mount writable: a container can make a link of it, and then it covers nothing. It does not
// follow symlinks.
func (c *compiler) warnOfNested(s *Set) {
	writers := s.writers()
	for _, p := range s.policies {
		d := c.headers[p.name]
		for i, a := range p.allowedPaths() {
			within, writer := writers.around(string(a.Path))
			if writer == "" {
				continue
			}
			c.warn(d.file, d.place("rules", "hostPaths", "allowed", i).Fault("policy %q allows the host path %s, which is in %s, where "+
				"policy %q lets containers write: they can replace it with a link, and then it allows nothing (make %s readOnly, or name "+
				"a folder elsewhere)", p.name, a.Path, within, writer, within))
		}
	}
}

// writers are the paths of the host that may be mounted writable, and the first policy that
// allows it.
type writers map[string]string

func (s *Set) writers() writers {
	out := make(writers)
	for _, p := range s.policies {
		for _, a := range p.allowedPaths() {
			if _, known := out[string(a.Path)]; !known && !a.ReadOnly {
				out[string(a.Path)] = p.name
			}
		}
	}
	return out
}

// around finds the innermost of the paths around another one; "" where there is none.
func (w writers) around(inner string) (within, writer string) {
	for inner != "/" {
		inner = path.Dir(inner)
		if writer, ok := w[inner]; ok {
			return inner, writer
		}
	}
	return "", ""
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
