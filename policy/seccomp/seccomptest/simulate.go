// Package seccomptest simulates the filters that OCI runtimes make of seccomp
// profiles, for tests. It shares no code with package seccomp, which it checks.
package seccomptest

import (
	"reflect"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// Call is a system call as a process makes it.
type Call struct {
	Name string
	Args [6]uint64
	Bits int // of the architecture; one of 32 bits has socketcall and ipc
}

// muxNumbers are the numbers by which socketcall and ipc know what they stand
// for: some of them.
func muxNumbers() map[string]map[string]uint64 {
	return map[string]map[string]uint64{
		"socketcall": {"socket": 1, "bind": 2, "connect": 3, "socketpair": 8},
		"ipc":        {"semop": 1, "shmget": 23},
	}
}

// Simulate says what an OCI runtime's filter makes of the call: the outcomes of
// which one comes out, several where their order is libseccomp's. It shares no
// code with what it checks.
func Simulate(p *specs.LinuxSeccomp, c Call) []specs.LinuxSyscall {
	if p == nil || p.DefaultAction == "" && len(p.Syscalls) == 0 {
		return []specs.LinuxSyscall{{Action: specs.ActAllow}}
	}
	same := func(a, b specs.LinuxSyscall) bool { return plain(a) == plain(b) }
	fallback := specs.LinuxSyscall{Action: p.DefaultAction, ErrnoRet: p.DefaultErrnoRet}
	var always, matching []specs.LinuxSyscall
	try := func(e specs.LinuxSyscall, args []specs.LinuxSeccompArg) {
		var counted []specs.LinuxSeccompArg
		for _, a := range args {
			if a.Op != specs.OpMaskedEqual || a.Value != 0 && (c.Bits == 64 || uint32(a.Value) != 0) {
				counted = append(counted, a)
			}
		}
		if len(counted) == 0 {
			always = append(always, e)
			return
		}
		if !slices.ContainsFunc(counted, func(a specs.LinuxSeccompArg) bool { return !met(a, c) }) {
			matching = append(matching, e)
		}
	}
	for _, e := range p.Syscalls {
		if same(e, fallback) {
			continue
		}
		var sets [][]specs.LinuxSeccompArg
		seen, twice := map[uint]bool{}, false
		for _, a := range e.Args {
			twice = twice || seen[a.Index]
			seen[a.Index] = true
			sets = append(sets, []specs.LinuxSeccompArg{a})
		}
		if !twice {
			sets = [][]specs.LinuxSeccompArg{e.Args}
		}
		for _, name := range e.Names {
			number, through := muxNumbers()[c.Name][name]
			for _, args := range sets {
				switch {
				case name == c.Name:
					try(e, args)
				case through && c.Bits == 32:
					mux := []specs.LinuxSeccompArg{{Index: 0, Op: specs.OpEqualTo, Value: number}}
					for _, a := range args {
						if a.Index != 0 {
							mux = append(mux, a)
						}
					}
					try(e, mux)
				}
			}
		}
	}
	switch {
	case len(always) > 0:
		return always[:1]
	case len(matching) > 0:
		return matching
	}
	return []specs.LinuxSyscall{fallback}
}

type action struct {
	name  specs.LinuxSeccompAction
	errno uint
}

func plain(e specs.LinuxSyscall) action {
	a := action{name: e.Action}
	if a.name == specs.ActKill {
		a.name = specs.ActKillThread
	}
	if a.name == specs.ActErrno || a.name == specs.ActTrace {
		if a.errno = 1; e.ErrnoRet != nil {
			a.errno = *e.ErrnoRet
		}
	}
	return a
}

func met(a specs.LinuxSeccompArg, c Call) bool {
	x, value, two := c.Args[a.Index], a.Value, a.ValueTwo
	if c.Bits == 32 {
		x, value, two = uint64(uint32(x)), uint64(uint32(value)), uint64(uint32(two))
	}
	return map[specs.LinuxSeccompOperator]bool{
		specs.OpEqualTo: x == value, specs.OpNotEqual: x != value,
		specs.OpLessThan: x < value, specs.OpLessEqual: x <= value,
		specs.OpGreaterThan: x > value, specs.OpGreaterEqual: x >= value,
		specs.OpMaskedEqual: x&value == two&value,
	}[a.Op]
}

// lets orders what an action lets through.
func lets(a specs.LinuxSeccompAction) int {
	order := []specs.LinuxSeccompAction{specs.ActNotify, specs.ActTrace, specs.ActLog, specs.ActAllow}
	return slices.Index(order, a) + 1
}

// Most is how much the call may let through at most: 0 is nothing.
func Most(p *specs.LinuxSeccomp, c Call) int {
	n := 0
	for _, e := range Simulate(p, c) {
		n = max(n, lets(e.Action))
	}
	return n
}

// Least is how much the call lets through in any case.
func Least(p *specs.LinuxSeccomp, c Call) int {
	n := lets(specs.ActAllow)
	for _, e := range Simulate(p, c) {
		n = min(n, lets(e.Action))
	}
	return n
}

// Weaker reports whether the profile may let more of the call through than the
// other. Where both say the same of it, in whatever order, it does not.
func Weaker(p, other *specs.LinuxSeccomp, c Call) bool {
	return !reflect.DeepEqual(verdicts(p, c), verdicts(other, c)) && Most(p, c) > Least(other, c)
}

// verdicts are the outcomes with their conditions.
func verdicts(p *specs.LinuxSeccomp, c Call) []any {
	var out []any
	for _, e := range Simulate(p, c) {
		out = append(out, plain(e), e.Args)
	}
	return out
}
