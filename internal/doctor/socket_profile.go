package doctor

import (
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/policy/seccomp"
)

// opens tells by which system call a process with that seccomp profile may open
// a socket of the family; "" is by none. Where profiles leave room, as for what
// OCI runtimes make of two conditions on one argument, it may.
func opens(p *specs.LinuxSeccomp, family seccomp.Family) string {
	open := seccomp.Block{SocketFamilies: []seccomp.Family{family}}.Open(p)
	socket, onlyHigh := seccomp.OpensSocket(p, family)
	switch {
	case onlyHigh:
		return "socket, at least for the family's number with a high half: the profile compares 64 bits, the kernel reads 32"
	case socket:
		return "socket"
	case slices.Contains(open, "socketcall") && hasSocketcall(p):
		return "socketcall, by which 32-bit programs open any socket"
	case slices.Contains(open, "io_uring_setup"):
		return "io_uring, by which programs open any socket"
	default:
		return ""
	}
}

// hasSocketcall reports whether the profile is for an architecture that has it.
func hasSocketcall(p *specs.LinuxSeccomp) bool {
	return slices.ContainsFunc(p.Architectures, func(a specs.Arch) bool {
		return !slices.Contains([]specs.Arch{specs.ArchX86_64, specs.ArchX32, specs.ArchAARCH64, specs.ArchARM, specs.ArchRISCV64,
			specs.ArchLOONGARCH64}, a)
	})
}
