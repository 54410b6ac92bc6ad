package seccomp

import (
	"errors"
	"maps"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// Block is what must be denied. With each call go those by which it can be made,
// too: socketcall, ipc and io_uring.
type Block struct {
	// SocketFamilies are the address families whose sockets cannot be opened.
	// Default: none.
	SocketFamilies []Family `yaml:"socketFamilies"`

	// Syscalls are the system calls that cannot be made at all.
	// Default: none.
	Syscalls []Call `yaml:"syscalls"`
}

// Validate requires lists. They can be empty: that blocks nothing of what a profile blocks.
func (b *Block) Validate() error {
	if b.SocketFamilies == nil && b.Syscalls == nil {
		return errors.New("needs socketFamilies or syscalls")
	}
	return nil
}

// Empty reports whether it blocks nothing.
func (b Block) Empty() bool { return len(b.SocketFamilies) == 0 && len(b.Syscalls) == 0 }

// And is what either of them blocks, in one order whatever theirs is.
func (b Block) And(o Block) Block {
	return Block{
		SocketFamilies: slices.Compact(slices.Sorted(slices.Values(slices.Concat(b.SocketFamilies, o.SocketFamilies)))),
		Syscalls:       slices.Compact(slices.Sorted(slices.Values(slices.Concat(b.Syscalls, o.Syscalls)))),
	}
}

// makers are the calls that make a socket of a family, their first argument.
func makers() []string { return []string{"socket", "socketpair"} }

// callsDenied are the calls that cannot be made at all, sorted.
func (b Block) callsDenied() []string {
	out := make(map[string]bool)
	with := func(name string, itself bool) {
		if itself {
			out[name] = true
		}
		for _, way := range ways(name) {
			out[way] = true
		}
	}
	for _, c := range b.Syscalls {
		with(string(c), true)
	}
	if len(b.SocketFamilies) > 0 {
		for _, name := range makers() {
			with(name, false)
		}
	}
	return slices.Sorted(maps.Keys(out))
}

// numbers are those of the families.
func (b Block) numbers() []uint32 {
	if len(b.SocketFamilies) == 0 {
		return nil
	}
	known := families()
	var out []uint32
	for _, f := range b.SocketFamilies {
		out = append(out, known[f])
	}
	return out
}

// Open lists what the profile does not deny of what is to be blocked: names of families and of
// calls. If it cannot decide this, it counts as open.
func (b Block) Open(p *specs.LinuxSeccomp) []string {
	if b.Empty() {
		return nil
	}
	v := view(p, b)
	var out []string
	for i, family := range b.numbers() {
		if slices.ContainsFunc(makers(), func(name string) bool { return !v.deniesFirst(name, family) }) {
			out = append(out, string(b.SocketFamilies[i]))
		}
	}
	for _, name := range b.callsDenied() {
		if !v.denies(name) {
			out = append(out, name)
		}
	}
	return out
}

// OpensSocket reports whether the profile may permit a socket call for the family. onlyHigh
// reports whether the profile permits such calls only with a number that has a high half, which
// the kernel ignores. Open counts socketpair too, although it works only for few families.
func OpensSocket(p *specs.LinuxSeccomp, family Family) (open, onlyHigh bool) {
	b := Block{SocketFamilies: []Family{family}}
	v, number := view(p, b), b.numbers()[0]
	if open = !v.deniesFirst("socket", number); !open {
		return false, false
	}
	c := v.calls["socket"]
	if c == nil {
		return true, false
	}
	plain := func(a specs.LinuxSeccompArg) bool { return exactly(a, uint64(number)) }
	return true, !c.odd && v.deniesWhere(c, plain, plain)
}

// profile is a profile with what it says about some of the calls.
type profile struct {
	*specs.LinuxSeccomp
	calls map[string]*call
}

// none is no profile: it lets everything through.
func none() *specs.LinuxSeccomp { return &specs.LinuxSeccomp{DefaultAction: specs.ActAllow} }

// IsNone reports whether an OCI runtime treats the profile as no profile.
func IsNone(p *specs.LinuxSeccomp) bool {
	return p == nil || p.DefaultAction == "" && len(p.Syscalls) == 0
}

// view looks at the calls that count for the block.
func view(p *specs.LinuxSeccomp, b Block) profile {
	if IsNone(p) {
		p = none()
	}
	wanted := make(map[string]bool)
	for _, name := range append(b.callsDenied(), makers()...) {
		wanted[name] = true
	}
	return profile{p, calls(p, func(name string) bool {
		return wanted[name] || wanted[socketcall] && isIn(throughSocketcall, name) || wanted[ipc] && isIn(throughIPC, name)
	})}
}

// denies reports whether the profile denies every such call.
func (p profile) denies(name string) bool {
	c := p.calls[name]
	switch {
	case c != nil && c.odd:
		return false
	case c != nil && c.always:
		return Denies(c.rules[0].action)
	case !Denies(p.DefaultAction) || c != nil && !all(c.rules, rule.denies):
		return false
	}
	for other, c := range p.calls {
		if isIn(standsFor(name), other) && c.lets {
			return false // its rule is one for this call, too
		}
	}
	return true
}

// deniesFirst reports whether the profile denies every such call with that first
// argument, of which the kernel reads the low half.
func (p profile) deniesFirst(name string, x uint32) bool {
	c := p.calls[name]
	switch {
	case c == nil:
		return Denies(p.DefaultAction)
	case c.odd, c.unclear(0) && !all(c.rules, rule.denies):
		return false
	}
	may := func(a specs.LinuxSeccompArg) bool { return can(a, x) }
	does := func(a specs.LinuxSeccompArg) bool { return must(a, x) }
	return p.deniesWhere(c, may, does)
}

// deniesWhere reports whether the rules of a call deny it wherever its first
// argument may, or does in any case, meet these conditions.
func (p profile) deniesWhere(c *call, may, does func(first specs.LinuxSeccompArg) bool) bool {
	if c.always {
		return Denies(c.rules[0].action)
	}
	opens := func(r rule) bool {
		first, _ := r.on(0)
		return !r.denies() && all(first, may)
	}
	closes := func(r rule) bool {
		first, others := r.on(0)
		return r.denies() && len(others) == 0 && all(first, does)
	}
	return !slices.ContainsFunc(c.rules, opens) &&
		(Denies(p.DefaultAction) || all(c.rules, rule.equality) && slices.ContainsFunc(c.rules, closes))
}
