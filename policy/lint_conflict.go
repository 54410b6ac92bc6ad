package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/specguard/specguard/internal/globs"
)

// maxCompared bounds how many pairs of policies are compared: comparing patterns takes time, and
// a folder can have thousands of policies.
const maxCompared = 2000

// warnOfConflicts warns of rules of two policies that no container can comply with, if there are
// containers that both policies match: those are all denied.
func (c *compiler) warnOfConflicts(s *Set) {
	compared, seen := 0, meetings{named: make(map[Glob][]int)}
	for _, a := range s.policies {
		if a.mode != ModeEnforce {
			continue
		}
		for _, b := range seen.with(a) {
			if compared++; compared > maxCompared {
				return
			}
			first, second := c.headers[b.name], c.headers[a.name]
			if first.file > second.file || first.file == second.file && first.root.Line > second.root.Line {
				c.warnOfRivals(b, a, first, second)
			} else {
				c.warnOfRivals(a, b, second, first)
			}
		}
	}
}

// warnOfRivals warns of rules of a that cannot hold together with those of b.
func (c *compiler) warnOfRivals(a, b *compiled, of, other header) {
	for _, ra := range a.rules {
		at := slices.IndexFunc(b.rules, func(rb compiledRule) bool { return rb.name == ra.name })
		if at < 0 || !ra.denies() || !b.rules[at].denies() || !ra.sameMoment(&b.rules[at]) {
			continue
		}
		if why := rivals(ra.Rule, b.rules[at].Rule); why != "" && overlap(&a.match, &b.match) {
			c.warn(of.file, of.place("rules", ra.name).Fault("policy %q (%s:%d) and this one can match the same container, and deny it in "+
				"any case: %s", other.name, other.file, other.root.Line, why))
		}
	}
}

// denies reports whether a container that breaks the rule in the end is denied.
func (r *compiledRule) denies() bool { return r.Action() == Reject || r.Action() == Adjust }

// sameMoment reports whether both rules are on the same spec: what is on request may be adjusted since.
func (r *compiledRule) sameMoment(o *compiledRule) bool {
	return (r.request != nil) == (o.request != nil) && (r.result != nil) == (o.result != nil)
}

// rivals says why no container complies with both rules; "" if one may.
func rivals(a, b Rule) string {
	switch a := a.(type) {
	case *RunAsNonRoot:
		return a.rivals(b.(*RunAsNonRoot))
	case *RuntimeHandlers:
		return a.rivals(b.(*RuntimeHandlers))
	case *Images:
		return a.rivals(b.(*Images))
	case *CgroupsPath:
		if b := b.(*CgroupsPath); a.CgroupDriver != "" && b.CgroupDriver != "" && a.CgroupDriver != b.CgroupDriver {
			return fmt.Sprintf("one allows the cgroup driver %s only, the other %s", a.CgroupDriver, b.CgroupDriver)
		}
	case *AppArmorProfile:
		return a.rivals(b.(*AppArmorProfile))
	case *SELinuxOptions:
		return a.rivals(b.(*SELinuxOptions))
	}
	return ""
}

func (r *RunAsNonRoot) rivals(o *RunAsNonRoot) string {
	root := r.AllowUserNamespaceRoot && o.AllowUserNamespaceRoot
	switch {
	case r.NamespaceUsers == nil && o.NamespaceUsers == nil && disjoint(r.AllowedUsers, o.AllowedUsers) && !root:
		return fmt.Sprintf("no user is in both %s and %s (allowedUsers)", joinRanges(r.AllowedUsers), joinRanges(o.AllowedUsers))
	case disjoint(r.AllowedGroups, o.AllowedGroups) && !root:
		return fmt.Sprintf("no group is in both %s and %s (allowedGroups)", joinRanges(r.AllowedGroups), joinRanges(o.AllowedGroups))
	default:
		return ""
	}
}

// disjoint reports whether no id is in both lists; an empty one has every id.
func disjoint(a, b []IDRange) bool {
	return len(a) > 0 && len(b) > 0 && !slices.ContainsFunc(a, func(x IDRange) bool {
		return slices.ContainsFunc(b, func(y IDRange) bool { return x.Min <= y.Max && y.Min <= x.Max })
	})
}

func (r *RuntimeHandlers) rivals(o *RuntimeHandlers) string {
	if _, answer := globs.Find(globs.OptionalDNSLabels(), groups(r.Allowed, o.Allowed), nil); answer == globs.None {
		return fmt.Sprintf("no runtime handler is in both %s and %s", handlers(r.Allowed), handlers(o.Allowed))
	}
	return ""
}

func (i *Images) rivals(o *Images) string {
	if len(i.Allowed) > 0 && len(o.Allowed) > 0 && !anyShare(texts(i.Allowed), texts(o.Allowed), imageStart) {
		return fmt.Sprintf("no image is in both %s and %s", few(i.Allowed), few(o.Allowed))
	}
	return ""
}

func (a *AppArmorProfile) rivals(o *AppArmorProfile) string {
	if !anyShare(texts(a.permitted()), texts(o.permitted()), func(s string) string { return s }) {
		return fmt.Sprintf("on a node with AppArmor, no profile is in both %s and %s", joined(a.permitted()), joined(o.permitted()))
	}
	return ""
}

func (o *SELinuxOptions) rivals(other *SELinuxOptions) string {
	parts := other.parts()
	for i, p := range o.parts() {
		if len(p.allowed) == 0 || len(parts[i].allowed) == 0 {
			continue
		}
		if _, answer := globs.Find(globs.Words("", 255), groups(p.allowed, parts[i].allowed), nil); answer == globs.None {
			return fmt.Sprintf("no SELinux %s is in both %s and %s", p.name, p.list(), parts[i].list())
		}
	}
	return ""
}

// anyShare reports whether patterns of both lists may match the same. What they begin with, before
// their first wildcard and as far as start says, tells that they do not.
func anyShare(a, b []string, start func(string) string) bool {
	begin := func(list []string) (out []string) {
		for _, p := range list {
			for _, one := range alternatives(p) {
				if i := strings.IndexAny(one, `*?[\{`); i >= 0 {
					one = one[:i]
				}
				out = append(out, start(one))
			}
		}
		return out
	}
	theirs := begin(b)
	return slices.ContainsFunc(begin(a), func(x string) bool {
		return slices.ContainsFunc(theirs, func(y string) bool { return strings.HasPrefix(x, y) || strings.HasPrefix(y, x) })
	})
}

// imageStart is what comes before the tag and the digest: an image has several names, with and
// without them.
func imageStart(name string) string {
	name, _, _ = strings.Cut(name, "@")
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name = name[:i]
	}
	return name
}
