package seccomp

import (
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// Denies reports whether a call with the action is never made. A traced call is made if a
// tracer permits it, and a container can be its own tracer. A notified call is made if the
// listener permits it.
func Denies(a specs.LinuxSeccompAction) bool { return leniency(a) == 0 }

// leniency orders actions by how much they let through.
func leniency(a specs.LinuxSeccompAction) int {
	switch a {
	case specs.ActKill, specs.ActKillProcess, specs.ActKillThread, specs.ActTrap, specs.ActErrno:
		return 0
	case specs.ActNotify:
		return 1
	case specs.ActTrace:
		return 2
	case specs.ActLog:
		return 3
	default: // an OCI runtime refuses what it does not know
		return 4
	}
}

// outcome is an action with the errno that it is for.
type outcome struct {
	action specs.LinuxSeccompAction
	errno  uint
}

// outcomeOf puts an action in one form: a missing errno is EPERM, and KILL is
// KILL_THREAD.
func outcomeOf(a specs.LinuxSeccompAction, errno *uint) outcome {
	switch a {
	case specs.ActErrno, specs.ActTrace:
		if errno != nil {
			return outcome{a, *errno}
		}
		return outcome{a, uint(unix.EPERM)}
	case specs.ActKill:
		return outcome{action: specs.ActKillThread}
	}
	return outcome{action: a}
}

func defaultOf(p *specs.LinuxSeccomp) outcome { return outcomeOf(p.DefaultAction, p.DefaultErrnoRet) }

// deny makes a rule that denies calls.
func deny(errno uint, args []specs.LinuxSeccompArg, names ...string) specs.LinuxSyscall {
	return specs.LinuxSyscall{Names: names, Action: specs.ActErrno, ErrnoRet: &errno, Args: args}
}
