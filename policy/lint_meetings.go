package policy

import (
	"slices"
	"strings"
)

// meetings are the policies seen so far, by the namespaces that they name.
type meetings struct {
	all   []*compiled
	named map[Glob][]int // by a namespace, places in all
	open  []int          // those of policies with wildcards, or for all namespaces
}

// with gives the policies seen before that may match a namespace of the policy, and notes it.
func (m *meetings) with(p *compiled) []*compiled {
	at, names := len(m.all), p.match.Namespaces
	m.all = append(m.all, p)
	if len(names) == 0 || slices.ContainsFunc(names, Glob.wild) {
		m.open = append(m.open, at)
		return m.all[:at]
	}
	met := slices.Clone(m.open)
	for _, g := range names {
		met = append(met, m.named[g]...)
		m.named[g] = append(m.named[g], at)
	}
	slices.Sort(met)
	var out []*compiled
	for _, other := range slices.Compact(met) {
		if other != at {
			out = append(out, m.all[other])
		}
	}
	return out
}

// wild reports whether the pattern is more than a name.
func (g Glob) wild() bool { return strings.ContainsAny(string(g), `*?[{\`) }
