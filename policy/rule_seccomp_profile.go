package policy

import (
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// SeccompProfile requires a seccomp profile that blocks something. What the
// profile blocks is not judged, and a profile's name is not in the spec:
// RuntimeDefault and Localhost look the same.
//
// Reads: linux.seccomp (OCI runtime spec, config-linux.md, "Seccomp").
// Adjusts: gives the container runtimes' default profile for the capabilities
// that remain once every other rule has adjusted.
// Source: Pod Security Standards, Restricted, "Seccomp"; seccomp(2);
// github.com/moby/profiles for the profile.
// Example: {onViolation: adjust}
type SeccompProfile struct {
	Base `yaml:",inline"`
}

// Check finds a container that seccomp does not confine.
func (*SeccompProfile) Check(s *Subject) []Finding {
	if s.Spec.Linux != nil && confines(s.Spec.Linux.Seccomp) {
		return nil
	}
	return []Finding{{Found: "seccomp is unconfined", Allowed: "a profile that blocks system calls, such as RuntimeDefault"}}
}

// Adjust asks for the default profile.
func (*SeccompProfile) Adjust(s *Subject) []string { return s.giveSeccomp() }

// confines tells whether the profile blocks any system call.
func confines(p *specs.LinuxSeccomp) bool {
	if p == nil {
		return false
	}
	return blocks(p.DefaultAction) || slices.ContainsFunc(p.Syscalls, func(c specs.LinuxSyscall) bool {
		return len(c.Names) > 0 && blocks(c.Action)
	})
}

func blocks(a specs.LinuxSeccompAction) bool {
	switch a {
	case specs.ActKill, specs.ActKillProcess, specs.ActKillThread, specs.ActTrap, specs.ActErrno, specs.ActTrace, specs.ActNotify:
		return true
	}
	return false
}
