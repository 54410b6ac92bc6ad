package seccomp

import (
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// rule is what decides about a call where all of its conditions hold.
type rule struct {
	outcome
	args []specs.LinuxSeccompArg
}

// call is what the profile says about one system call: rules that all have
// conditions, or a single one that has none.
type call struct {
	rules  []rule
	always bool // the single rule has no conditions
	lets   bool // a rule lets something through, be it one that another wins over
	odd    bool // a rule has conditions, but none on 32-bit architectures
}

// calls are what the profile says about the calls of those names.
func calls(p *specs.LinuxSeccomp, wanted func(name string) bool) map[string]*call {
	out := make(map[string]*call)
	for i := range p.Syscalls {
		entry := &p.Syscalls[i]
		var rules []rule
		for _, name := range entry.Names {
			if !wanted(name) {
				continue
			}
			if rules == nil {
				if rules = rulesOf(entry, defaultOf(p)); rules == nil {
					break
				}
			}
			if out[name] == nil {
				out[name] = &call{}
			}
			out[name].add(rules)
		}
	}
	return out
}

// add adds rules that come after those that are there.
func (c *call) add(rules []rule) {
	for _, r := range rules {
		c.lets = c.lets || !r.denies()
		c.odd = c.odd || len(r.args) > 0 && all(r.args,
			func(a specs.LinuxSeccompArg) bool { return a.Op == specs.OpMaskedEqual && a.Value&low == 0 })
		switch {
		case c.always:
		case len(r.args) == 0:
			c.rules, c.always = []rule{r}, true
		default:
			c.rules = append(c.rules, r)
		}
	}
}

// equality reports whether the conditions are such as libseccomp does not lose
// other rules behind.
func (r rule) equality() bool {
	return all(r.args, func(a specs.LinuxSeccompArg) bool {
		return a.Op == specs.OpEqualTo || a.Op == specs.OpNotEqual || a.Op == specs.OpMaskedEqual
	})
}

// unclear reports whether several rules compare the argument otherwise than for
// equality.
func (c *call) unclear(index uint) bool {
	n := 0
	for _, r := range c.rules {
		if these, _ := r.on(index); !(rule{args: these}).equality() {
			n++
		}
	}
	return n > 1
}

func (r rule) denies() bool { return Denies(r.action) }

// rulesOf are the rules that an entry makes for each of its names.
func rulesOf(entry *specs.LinuxSyscall, unless outcome) []rule {
	o := outcomeOf(entry.Action, entry.ErrnoRet)
	if o == unless {
		return nil
	}
	if !repeats(entry.Args) {
		return []rule{{o, conditions(entry.Args)}}
	}
	var out []rule
	for _, a := range entry.Args {
		out = append(out, rule{o, conditions([]specs.LinuxSeccompArg{a})})
	}
	return out
}

// conditions leaves out those that hold for everything.
func conditions(args []specs.LinuxSeccompArg) []specs.LinuxSeccompArg {
	return slices.DeleteFunc(slices.Clone(args), func(a specs.LinuxSeccompArg) bool { return a.Op == specs.OpMaskedEqual && a.Value == 0 })
}

// repeats reports whether an argument has several conditions.
func repeats(args []specs.LinuxSeccompArg) bool {
	for i, a := range args {
		if slices.ContainsFunc(args[:i], func(b specs.LinuxSeccompArg) bool { return a.Index == b.Index }) {
			return true
		}
	}
	return false
}

// on splits a rule's conditions into those on the argument and the others.
func (r rule) on(index uint) (these, others []specs.LinuxSeccompArg) {
	for _, a := range r.args {
		if a.Index == index {
			these = append(these, a)
		} else {
			others = append(others, a)
		}
	}
	return these, others
}

// apartFrom reports whether no call meets the conditions of both.
func apartFrom(a, b []specs.LinuxSeccompArg) bool {
	return slices.ContainsFunc(a, func(x specs.LinuxSeccompArg) bool {
		return slices.ContainsFunc(b, func(y specs.LinuxSeccompArg) bool { return apart(x, y) })
	})
}

// all reports whether every one of the values is.
func all[T any](values []T, is func(T) bool) bool {
	return !slices.ContainsFunc(values, func(v T) bool { return !is(v) })
}
