package seccomp

import "slices"

// Floor is the minimum that a profile must deny to count as one: the calls that the default
// profiles of containerd, CRI-O and Docker all deny. It leaves out calls that they permit for a
// capability that the container has. has reports whether the container has a capability, such
// as CAP_SYS_MODULE.
func Floor(has func(capability string) bool) Block {
	out := Block{Syscalls: []Call{"add_key", "kexec_file_load", "kexec_load", "request_key", "swapoff", "swapon"}}
	for _, unless := range []struct {
		capabilities []string
		calls        []Call
	}{
		{[]string{"CAP_SYS_MODULE"}, []Call{"delete_module", "finit_module", "init_module"}},
		{[]string{"CAP_SYS_ADMIN", "CAP_BPF"}, []Call{"bpf"}},
		{[]string{"CAP_DAC_READ_SEARCH"}, []Call{"open_by_handle_at"}},
		{[]string{"CAP_SYS_PACCT"}, []Call{"acct"}},
		{[]string{"CAP_SYS_TIME"}, []Call{"settimeofday"}},
	} {
		if !slices.ContainsFunc(unless.capabilities, has) {
			out.Syscalls = append(out.Syscalls, unless.calls...)
		}
	}
	return out
}
