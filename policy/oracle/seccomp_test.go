package oracle

import (
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// verdict is what becomes of a system call, by how much is let through.
type verdict int

// The verdicts.
const (
	refused verdict = iota // it is not made
	asked                  // a tracer or a listener decides, which may be the container's own
	made
)

func verdictOf(a specs.LinuxSeccompAction) verdict {
	switch a {
	case specs.ActKill, specs.ActKillProcess, specs.ActKillThread, specs.ActTrap, specs.ActErrno:
		return refused
	case specs.ActTrace, specs.ActNotify:
		return asked
	default:
		return made
	}
}

// call is a system call with its arguments, or with any.
type call struct {
	label, name string
	args        [6]uint64
	any         bool
}

// sockets makes sockets of families whose code pods do not need: AF_RXRPC, AF_ALG
// and AF_VSOCK. The kernel reads 32 bits of a family, a filter 64.
func sockets() []call {
	var out []call
	for label, family := range map[string]uint64{"AF_RXRPC": 33, "AF_ALG": 38, "AF_VSOCK": 40} {
		for _, name := range []string{"socket", "socketpair"} {
			for _, first := range []uint64{family, family | 1<<32} {
				out = append(out, call{label: label, name: name, args: [6]uint64{first, 5}})
			}
		}
	}
	return out
}

// calls of which a container needs none: those that load code into the kernel or
// replace it, and its keys, bpf and io_uring.
func calls() []call {
	var out []call
	for _, name := range []string{
		"add_key", "bpf", "delete_module", "finit_module", "init_module", "io_uring_enter", "io_uring_register", "io_uring_setup", "keyctl",
		"kexec_file_load", "kexec_load", "request_key", "swapoff", "swapon", "open_by_handle_at", "acct", "settimeofday",
	} {
		out = append(out, call{label: name, name: name, any: true})
	}
	return out
}

// filter reads which calls get through the profile.
func (s *state) filter(p *specs.LinuxSeccomp) {
	none := p == nil || p.DefaultAction == "" && len(p.Syscalls) == 0 // as runc takes it
	if none {
		p = &specs.LinuxSeccomp{DefaultAction: specs.ActAllow}
	}
	probe := append(calls(), sockets()...)
	if none || slices.ContainsFunc(p.Architectures, manySockets) {
		probe = append(probe, call{label: "socketcall", name: "socketcall", any: true})
	}
	for _, c := range probe {
		switch most(p, c) {
		case made:
			s.add(seccomp, c.label+" made")
			fallthrough
		case asked:
			s.add(seccomp, c.label+" asked for")
		case refused:
		}
	}
	if !deniesAny(p) {
		s.add(seccomp, "everything")
	}
}

// manySockets reports whether programs of the architecture make sockets by
// socketcall(2), whose arguments lie in memory where no filter sees them.
func manySockets(a specs.Arch) bool {
	return slices.Contains([]specs.Arch{specs.ArchX86, specs.ArchS390, specs.ArchPPC, specs.ArchPPC64LE, specs.ArchS390X, specs.ArchMIPS}, a)
}

// deniesAny reports whether the profile denies a call that there is. The Pod
// Security Standards ask for no more.
func deniesAny(p *specs.LinuxSeccomp) bool {
	return verdictOf(p.DefaultAction) != made || slices.ContainsFunc(p.Syscalls, func(c specs.LinuxSyscall) bool {
		return len(c.Names) > 0 && verdictOf(c.Action) != made
	})
}

// most is the most that becomes of the call with those arguments, or with any.
func most(p *specs.LinuxSeccomp, c call) verdict {
	out := through(p, c)
	if !c.any {
		return out
	}
	first, second := telling(p, c.name, 0), telling(p, c.name, 1)
	for _, c.args[0] = range first {
		for _, c.args[1] = range second {
			out = max(out, through(p, c))
		}
	}
	return out
}

// telling are values of an argument with which the conditions about it hold, and
// with which they do not.
func telling(p *specs.LinuxSeccomp, name string, index uint) []uint64 {
	out := []uint64{0}
	for _, r := range p.Syscalls {
		for _, a := range r.Args {
			if a.Index == index && slices.Contains(r.Names, name) {
				out = append(out, a.Value, a.Value+1, a.Value-1, a.ValueTwo)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// through is the most that a filter made by libseccomp may do with the call. If
// several rules match, which of them counts depends on their order and form; here
// the most lenient does. But the first one without conditions stands for all: what
// comes before libseccomp replaces by it, and what comes after it leaves out, or
// refuses the profile.
func through(p *specs.LinuxSeccomp, c call) verdict {
	out, matched := refused, false
	for _, r := range p.Syscalls {
		if r.Action == p.DefaultAction || !slices.Contains(r.Names, c.name) { // runc leaves such a rule out
			continue
		}
		if anyMatches(r, c.args) {
			matched = true
			if len(r.Args) == 0 {
				return verdictOf(r.Action)
			}
			out = max(out, verdictOf(r.Action))
		}
	}
	if !matched {
		return verdictOf(p.DefaultAction)
	}
	return out
}

// anyMatches reports whether a rule with those conditions is for the arguments. All
// have to hold, but where two are for the same argument runc makes a rule of each.
func anyMatches(r specs.LinuxSyscall, args [6]uint64) bool {
	seen, twice, held := [6]bool{}, false, 0
	for _, c := range r.Args {
		if c.Index > 5 {
			return true // libseccomp refuses it
		}
		twice = twice || seen[c.Index]
		seen[c.Index] = true
		if holds(c, args[c.Index], verdictOf(r.Action) == refused) {
			held++
		}
	}
	return held == len(r.Args) || twice && held > 0
}

// holds reports whether the condition holds for the argument, where that can be told
// for sure or else may be.
func holds(c specs.LinuxSeccompArg, v uint64, sure bool) bool {
	switch c.Op {
	case specs.OpNotEqual:
		return v != c.Value
	case specs.OpLessThan:
		return v < c.Value
	case specs.OpLessEqual:
		return v <= c.Value
	case specs.OpEqualTo:
		return v == c.Value
	case specs.OpGreaterEqual:
		return v >= c.Value
	case specs.OpGreaterThan:
		return v > c.Value
	case specs.OpMaskedEqual:
		if c.ValueTwo&^c.Value != 0 { // bits beyond the mask
			return !sure && v&c.Value == c.ValueTwo&c.Value
		}
		return v&c.Value == c.ValueTwo
	default:
		return !sure
	}
}
