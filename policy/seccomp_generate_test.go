package policy

import (
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
	"pgregory.net/rapid"
)

// seccompFiles are the files of a seccomp folder: one is a profile.
func seccompFiles() map[string]string {
	return map[string]string{
		"web.json": `{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
			"syscalls": [{"names": ["read", "write", "socket", "execve"], "action": "SCMP_ACT_ALLOW"}]}`,
		"bad.json": `{`,
	}
}

func drawSeccomp(t *rapid.T, _ Action) []string {
	profiles := some(t, "profile", "RuntimeDefault", "Unconfined", "Localhost/web.json", `"Localhost/**"`)
	var fields []string
	if apply := pick(t, "apply", "", "RuntimeDefault", "Localhost/web.json", "Localhost/bad.json"); apply != "" {
		fields, profiles = append(fields, "apply: "+apply), append(profiles, apply)
	} else {
		profiles = append(profiles, "RuntimeDefault")
	}
	if rapid.Bool().Draw(t, "names") {
		fields = append(fields, "allowed: "+flow(profiles...))
	}
	block := func(calls ...string) string {
		return "block: {socketFamilies: " + flow(some(t, "family", "AF_ALG", "AF_VSOCK", "AF_NETLINK")...) +
			", syscalls: " + flow(append(some(t, "call", "bpf", "keyctl", "mount", "socketpair"), calls...)...) + "}"
	}
	if slices.Contains(profiles, "Unconfined") { // then it must block something
		return append(fields, block("bpf"))
	}
	return append(fields, some(t, "field", "anyProfile: true", block())...)
}

// drawSeccompEdit draws a profile that a runtime or an operator could have made.
func drawSeccompEdit(t *rapid.T) option {
	arg := func(index uint, value uint64, op specs.LinuxSeccompOperator) specs.LinuxSeccompArg {
		return specs.LinuxSeccompArg{Index: index, Value: value, Op: op}
	}
	allow := func(args ...specs.LinuxSeccompArg) specs.LinuxSyscall {
		return specs.LinuxSyscall{Names: []string{"socket"}, Action: specs.ActAllow, Args: args}
	}
	p := pick(t, "default", nil, &specs.LinuxSeccomp{DefaultAction: specs.ActAllow}, &specs.LinuxSeccomp{DefaultAction: specs.ActErrno})
	if p != nil && rapid.Bool().Draw(t, "the runtime's") {
		p, _ = defaultSeccomp(pick(t, "made for", newSpec(), newSpec(withCaps("CAP_SYS_ADMIN", "CAP_SYS_MODULE"))))
	}
	if p == nil {
		return withSeccomp(nil)
	}
	p.Syscalls = append(p.Syscalls, some(t, "entry",
		specs.LinuxSyscall{Names: []string{"mount"}, Action: specs.ActErrno},
		specs.LinuxSyscall{Names: []string{"reboot", "bpf"}, Action: specs.ActKillProcess},
		specs.LinuxSyscall{Names: []string{"read", "keyctl", "socketcall"}, Action: specs.ActAllow},
		specs.LinuxSyscall{Names: []string{"socketpair"}, Action: specs.ActTrace},
		allow(arg(0, 40, specs.OpNotEqual)), allow(arg(0, 38, specs.OpLessThan)), allow(arg(2, 9, specs.OpNotEqual)),
		allow(arg(0, 38, specs.OpNotEqual), arg(0, 40, specs.OpNotEqual)), allow(),
	)...)
	return withSeccomp(p)
}
