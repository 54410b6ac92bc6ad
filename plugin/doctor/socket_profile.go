package doctor

import (
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/policy/seccomp"
)

// opens tells by which system call a process with that seccomp profile may open
// a socket of the family; "" is by none. Where profiles leave room, as for what
// OCI runtimes make of two conditions on one argument, it may. (socketpair opens
// none of the families that are tried.)
func opens(p *specs.LinuxSeccomp, family uint64) string {
	switch {
	case p == nil || mayCall(p, "socket", &family):
		return "socket"
	case hasSocketcall(p) && mayCall(p, "socketcall", nil):
		return "socketcall, by which 32-bit programs open any socket"
	case mayCall(p, "io_uring_setup", nil):
		return "io_uring, by which programs open any socket"
	default:
		return ""
	}
}

// hasSocketcall tells whether the profile is for an architecture that has it.
func hasSocketcall(p *specs.LinuxSeccomp) bool {
	return slices.ContainsFunc(p.Architectures, func(a specs.Arch) bool {
		return !slices.Contains([]specs.Arch{specs.ArchX86_64, specs.ArchX32, specs.ArchAARCH64, specs.ArchARM, specs.ArchRISCV64, specs.ArchLOONGARCH64}, a)
	})
}

// mayCall tells whether the profile may let the call through, with that first
// argument; nil is any.
func mayCall(p *specs.LinuxSeccomp, name string, first *uint64) bool {
	denied := false
	for _, rule := range p.Syscalls {
		if !slices.Contains(rule.Names, name) {
			continue
		}
		may, must := meets(rule.Args, first)
		switch {
		case may && !seccomp.Denies(rule.Action):
			return true
		case must:
			denied = true
		}
	}
	return !denied && !seccomp.Denies(p.DefaultAction)
}

// meets tells whether a call with that first argument may meet the conditions,
// and whether it does whatever its other arguments are.
func meets(conditions []specs.LinuxSeccompArg, first *uint64) (may, must bool) {
	on := 0
	must = true
	for _, c := range conditions {
		if c.Index != 0 || first == nil {
			must = false
			continue
		}
		on++
		if holds(c, *first) {
			may = true
		} else {
			must = false
		}
	}
	return may || on == 0, must
}

func holds(c specs.LinuxSeccompArg, x uint64) bool {
	switch c.Op {
	case specs.OpEqualTo:
		return x == c.Value
	case specs.OpNotEqual:
		return x != c.Value
	case specs.OpLessThan:
		return x < c.Value
	case specs.OpLessEqual:
		return x <= c.Value
	case specs.OpGreaterThan:
		return x > c.Value
	case specs.OpGreaterEqual:
		return x >= c.Value
	case specs.OpMaskedEqual:
		return x&c.Value == c.ValueTwo
	default:
		return true
	}
}
