package policy

import (
	"cmp"
	"slices"

	"github.com/specguard/specguard/internal/globs"
	"github.com/specguard/specguard/internal/strict"
)

// validateGroups rejects ids of which none is left.
func (r *RunAsNonRoot) validateGroups() error {
	switch {
	case len(r.AllowedUsers) > 0 && !anyBut(r.AllowedUsers, unchangedID):
		return strict.Field("allowedUsers", "allows no user: %d counts as root", uint32(unchangedID))
	case r.ForbidRootGroup && len(r.AllowedGroups) > 0 && !anyBut(r.AllowedGroups, 0, unchangedID):
		return strict.Field("forbidRootGroup", "leaves no group: allowedGroups has only 0")
	}
	return nil
}

// anyBut reports whether the ranges have an id that is none of the others.
func anyBut(ranges []IDRange, others ...uint32) bool {
	return slices.ContainsFunc(ranges, func(r IDRange) bool {
		for id := uint64(r.Min); id <= uint64(r.Max); id++ {
			if !slices.Contains(others, uint32(id)) {
				return true
			}
		}
		return false
	})
}

// Warnings tells of fields that have no effect.
func (r *RunAsNonRoot) Warnings() []error {
	var out []error
	for _, id := range []struct {
		key string
		is  *uint32
	}{{"runAsUser", r.RunAsUser}, {"runAsGroup", r.RunAsGroup}} {
		if id.is != nil && r.Action() != Adjust {
			out = append(out, strict.Field(id.key, withoutAdjust))
		}
	}
	if coversIDs(r.AllowedUsers, 1) {
		out = append(out, strict.Field("allowedUsers", "allows every user but root"))
	}
	for _, l := range []struct {
		key    string
		ranges []IDRange
	}{{"allowedGroups", r.AllowedGroups}, {"allowedSupplementalGroups", r.AllowedSupplementalGroups}} {
		if coversIDs(l.ranges, 0) {
			out = append(out, strict.Field(l.key, "allows every group"))
		}
	}
	return out
}

// coversIDs reports whether the ranges have every id from the first on that is one.
func coversIDs(ranges []IDRange, first uint32) bool {
	next := uint64(first)
	for _, r := range slices.SortedFunc(slices.Values(ranges), func(a, b IDRange) int { return cmp.Compare(a.Min, b.Min) }) {
		if uint64(r.Min) > next {
			return false
		}
		next = max(next, uint64(r.Max)+1)
	}
	return next >= unchangedID
}

// warnOfNamespaceUsers warns of ranges for namespaces that the policy does not match, or that an entry
// before has.
func (c *compiler) warnOfNamespaceUsers(d header, p *compiled) {
	for _, rule := range p.rules {
		r, ok := rule.Rule.(*RunAsNonRoot)
		if !ok {
			continue
		}
		var before []Glob
		for i, n := range r.NamespaceUsers {
			for k, g := range n.Namespaces {
				place := d.place("rules", rule.name, "namespaceUsers", i, "namespaces", k)
				switch {
				case !p.match.mayMatchNamespace(g):
					c.warn(d.file, place.Fault("%q has no effect: the policy matches no such namespace", g))
				case coverAll(globs.DNSLabels(), before, g):
					c.warn(d.file, place.Fault("%q has no effect: entries before it cover all such namespaces", g))
				}
			}
			before = append(before, n.Namespaces...)
		}
	}
}

// mayMatchNamespace reports whether there may be a namespace that both the match and the pattern cover.
func (m *Match) mayMatchNamespace(g Glob) bool {
	_, some := globs.Find(globs.DNSLabels(), groups(m.Namespaces, []Glob{g}), m.otherNamespaces())
	return some != globs.None
}
