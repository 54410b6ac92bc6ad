package seccomp

import (
	"reflect"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// Within reports whether the profile permits nothing that the other does not permit. If it
// cannot decide this, it reports false.
func Within(p, other *specs.LinuxSeccomp) bool {
	switch {
	case IsNone(other), reflect.DeepEqual(p, other):
		return true
	case IsNone(p):
		return false
	case slices.ContainsFunc(p.Architectures, func(a specs.Arch) bool { return !slices.Contains(other.Architectures, a) }):
		return false // what a profile does not name, but for the machine's own, it kills
	case leniency(p.DefaultAction) > leniency(other.DefaultAction):
		return false
	}
	any := func(string) bool { return true }
	a, b := profile{p, calls(p, any)}, profile{other, calls(other, any)}
	for name, c := range a.calls {
		if !within(c, b.calls[name], leniency(p.DefaultAction), leniency(other.DefaultAction)) {
			return false
		}
	}
	for name, c := range b.calls {
		if a.calls[name] == nil && !within(&call{}, c, leniency(p.DefaultAction), leniency(other.DefaultAction)) {
			return false
		}
	}
	// A rule for what they stand for may let them through, too.
	return all([]string{socketcall, ipc}, func(name string) bool { return a.denies(name) || b.allows(name) })
}

// allows reports whether the profile lets every such call through.
func (p profile) allows(name string) bool {
	if c := p.calls[name]; c != nil {
		return c.always && !c.odd && leniency(c.rules[0].action) == leniency(specs.ActAllow)
	}
	return leniency(p.DefaultAction) == leniency(specs.ActAllow) &&
		all(namesOf(p.calls), func(n string) bool { return !isIn(standsFor(name), n) })
}

func namesOf(calls map[string]*call) []string {
	out := make([]string, 0, len(calls))
	for name := range calls {
		out = append(out, name)
	}
	return out
}

// within compares what two profiles, with their defaults, say about a call.
func within(a, b *call, aDefault, bDefault int) bool {
	if b == nil {
		b = &call{}
	}
	for i := range uint(6) {
		if (a.unclear(i) || b.unclear(i)) && !reflect.DeepEqual(a.rules, b.rules) {
			return false
		}
	}
	if a.odd || b.odd || !a.always && aDefault > b.least(nil, bDefault) {
		return false
	}
	return all(a.rules, func(r rule) bool { return leniency(r.action) <= b.least(r.args, bDefault) })
}

// least is how much is let through, at least, of calls that meet the
// conditions.
func (c *call) least(args []specs.LinuxSeccompArg, fallback int) int {
	n, certain := fallback, c.always
	if c.always {
		n = leniency(c.rules[0].action)
	}
	least := leniency(specs.ActAllow)
	for _, r := range c.rules {
		if !apartFrom(r.args, args) {
			least = min(least, leniency(r.action))
		}
		certain = certain || all(r.args, func(x specs.LinuxSeccompArg) bool {
			return slices.ContainsFunc(args, func(y specs.LinuxSeccompArg) bool { return implies(y, x) })
		})
	}
	if certain {
		return least
	}
	return min(n, least)
}
