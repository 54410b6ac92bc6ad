package seccomp

import (
	"fmt"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// Tighten returns the profile, or none, with what is to be blocked denied with EPERM. The
// result denies everything that the profile denies. If nothing is open, it changes nothing. It
// does not modify the profile itself.
//
// Of a call's conditions on its first argument (the family), it keeps only those that exclude
// each other, so that libseccomp's order of rules does not matter. If the profile's own rules
// contradict each other, or differ on 32-bit architectures, the call is denied.
func (b Block) Tighten(p *specs.LinuxSeccomp) *specs.LinuxSeccomp {
	if len(b.Open(p)) == 0 {
		return p
	}
	if IsNone(p) {
		p = none()
	}
	v := view(p, b)
	var closed, first, last []specs.LinuxSyscall
	var names []string
	for _, name := range b.callsDenied() {
		if v.denies(name) {
			continue
		}
		names = append(names, name)
		closed = append(closed, deny(refusal(p, name), nil, name))
	}
	// Where socketcall has a rule without conditions, those for the calls that
	// it stands for do not count. It has to come before them: two that differ
	// only in their action stop the container.
	first = closed
	for _, name := range makers() {
		open := slices.ContainsFunc(b.numbers(), func(x uint32) bool { return !v.deniesFirst(name, x) })
		switch {
		case !open || slices.Contains(names, name):
			continue
		case v.calls[name] != nil && v.calls[name].odd:
			last = append(last, deny(refusal(p, name), nil, name))
		default:
			last = append(last, v.without(name, b.numbers())...)
		}
		names = append(names, name)
	}
	out := *p
	out.Syscalls = slices.Concat(first, strip(p.Syscalls, names), last)
	return &out
}

// refusal is the errno with which the call is denied: EPERM. What stands for
// other calls needs a rule that is not left out because the default says the
// same (or says it once NRI has carried the profile: it loses the errno).
func refusal(p *specs.LinuxSeccomp, name string) uint {
	switch o := defaultOf(p); {
	case o.action != specs.ActErrno || standsFor(name) == "":
		return uint(unix.EPERM)
	case o.errno != uint(unix.EACCES):
		return uint(unix.EACCES)
	default:
		return uint(unix.ENOSYS)
	}
}

// strip takes the names out of the entries.
func strip(entries []specs.LinuxSyscall, names []string) []specs.LinuxSyscall {
	var out []specs.LinuxSyscall
	named := func(n string) bool { return slices.Contains(names, n) }
	for _, e := range entries {
		if slices.ContainsFunc(e.Names, named) {
			if e.Names = slices.DeleteFunc(slices.Clone(e.Names), named); len(e.Names) == 0 {
				continue
			}
		}
		out = append(out, e)
	}
	return out
}

// numFamilies is how many families are distinguished. The kernel has fewer.
const numFamilies = 64

// without makes entries that say of the call what the profile says, except for
// the families, which they deny.
func (p profile) without(name string, blocked []uint32) []specs.LinuxSyscall {
	c := p.calls[name]
	if c == nil {
		c = &call{}
	}
	var out []specs.LinuxSyscall
	for _, x := range blocked {
		out = append(out, deny(uint(unix.EPERM), []specs.LinuxSeccompArg{lowIs(x, ^uint32(0))}, name))
	}
	var by [numFamilies]kept
	for x := range uint32(numFamilies) {
		if !slices.Contains(blocked, x) {
			by[x] = p.keep(c, x)
		}
	}
	out = append(out, p.entries(name, by[:], 0)...)
	if !Denies(p.DefaultAction) && slices.ContainsFunc(c.rules, p.restricts) {
		for bit := uint32(numFamilies); bit != 0; bit <<= 1 { // what the kernel has no family for
			out = append(out, deny(uint(unix.EPERM), []specs.LinuxSeccompArg{lowIs(bit, bit)}, name))
		}
	}
	return out
}

// restricts reports whether a rule lets less through than the default.
func (p profile) restricts(r rule) bool { return leniency(r.action) < leniency(p.DefaultAction) }

// kept are the rules that remain for one family, with conditions on other
// arguments only. The key is the same for the same rules.
type kept struct {
	rules []rule
	key   string
}

// keep gathers what the profile says of the call for one family. A rule that
// lets more through than the default is kept where it holds on every
// architecture, another where it may hold.
func (p profile) keep(c *call, x uint32) kept {
	var rules, doubtful []rule
	for _, r := range c.rules {
		first, others := r.on(0)
		less := r.denies() || p.restricts(r)
		switch {
		case !all(first, func(a specs.LinuxSeccompArg) bool { return can(a, x) }):
		case less || all(first, func(a specs.LinuxSeccompArg) bool { return exactly(a, uint64(x)) }):
			rules = insert(rules, rule{r.outcome, others})
		default:
			doubtful = append(doubtful, rule{r.outcome, others})
		}
	}
	lost := func(r rule) bool { return !r.equality() && !Denies(p.DefaultAction) }
	if contradict(rules, doubtful) || slices.ContainsFunc(rules, lost) {
		rules = []rule{{outcome: outcomeOf(specs.ActErrno, nil)}}
	}
	rules = slices.DeleteFunc(rules, func(r rule) bool { return r.outcome == defaultOf(p.LinuxSeccomp) })
	return kept{rules, fmt.Sprint(rules)}
}

// insert adds a rule to those that let through as much, unless it holds only
// where one of them does, and takes those out that hold only where it does.
func insert(rules []rule, r rule) []rule {
	alike := func(o rule) bool { return leniency(o.action) == leniency(r.action) }
	if slices.ContainsFunc(rules, func(o rule) bool { return alike(o) && covers(o.args, r.args) }) {
		return rules
	}
	rules = slices.DeleteFunc(rules, func(o rule) bool { return alike(o) && covers(r.args, o.args) })
	return append(rules, r)
}

// contradict reports whether a call may meet two of the rules that do not let as
// much through, or one of them and a doubtful one that lets less through.
func contradict(rules, doubtful []rule) bool {
	for i, r := range rules {
		meets := func(o rule) bool { return !apartFrom(o.args, r.args) }
		if slices.ContainsFunc(rules[:i], func(o rule) bool { return leniency(o.action) != leniency(r.action) && meets(o) }) ||
			slices.ContainsFunc(doubtful, func(o rule) bool { return leniency(o.action) < leniency(r.action) && meets(o) }) {
			return true
		}
	}
	return false
}

// covers reports whether the conditions are among the others: what meets those
// meets these.
func covers(these, others []specs.LinuxSeccompArg) bool {
	return all(these, func(a specs.LinuxSeccompArg) bool { return slices.Contains(others, a) })
}

// entries makes the entries for families from a number on: one for as many as
// the same rules are for and a mask can name.
func (p profile) entries(name string, by []kept, from uint32) []specs.LinuxSyscall {
	if half := len(by) / 2; slices.ContainsFunc(by, func(k kept) bool { return k.key != by[0].key }) {
		return append(p.entries(name, by[:half], from), p.entries(name, by[half:], from+uint32(half))...)
	}
	mask := ^uint32(len(by) - 1)
	var out []specs.LinuxSyscall
	for _, r := range by[0].rules {
		on := lowIs(from, mask)
		if !r.denies() && !p.restricts(r) {
			on.Value |= ^uint64(low) // no family has a high half
		}
		e := specs.LinuxSyscall{Names: []string{name}, Action: r.action, Args: append([]specs.LinuxSeccompArg{on}, r.args...)}
		if r.errno != 0 || r.action == specs.ActErrno {
			errno := r.errno
			e.ErrnoRet = &errno
		}
		out = append(out, e)
	}
	return out
}

// lowIs is the condition that the first argument's low half is x, as far as the
// mask goes.
func lowIs(x, mask uint32) specs.LinuxSeccompArg {
	return specs.LinuxSeccompArg{Index: 0, Value: uint64(mask), ValueTwo: uint64(x), Op: specs.OpMaskedEqual}
}
