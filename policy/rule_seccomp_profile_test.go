package policy

import (
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func withSeccomp(p *specs.LinuxSeccomp) option {
	return func(s *specs.Spec) { s.Linux.Seccomp = p }
}

func TestSeccompProfileCheck(t *testing.T) {
	call := func(action specs.LinuxSeccompAction, names ...string) *specs.LinuxSeccomp {
		return &specs.LinuxSeccomp{DefaultAction: specs.ActAllow, Syscalls: []specs.LinuxSyscall{{Names: names, Action: action}}}
	}
	tests := []struct {
		name string
		spec *specs.Spec
		want Outcome
	}{
		{"none", newSpec(), Denied},
		{"no linux", &specs.Spec{}, Denied},
		{"default blocks", newSpec(withSeccomp(&specs.LinuxSeccomp{DefaultAction: specs.ActErrno})), Allowed},
		{"allows everything", newSpec(withSeccomp(&specs.LinuxSeccomp{DefaultAction: specs.ActAllow})), Denied},
		{"logs everything", newSpec(withSeccomp(&specs.LinuxSeccomp{DefaultAction: specs.ActLog})), Denied},
		{"no actions", newSpec(withSeccomp(&specs.LinuxSeccomp{})), Denied},
		{"blocks one", newSpec(withSeccomp(call(specs.ActKillProcess, "mount"))), Denied},
		{"allows one", newSpec(withSeccomp(call(specs.ActAllow, "mount"))), Denied},
		{"blocks none", newSpec(withSeccomp(call(specs.ActErrno))), Denied},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := decide(t, tt.spec, `seccompProfile: {}`); d.Outcome() != tt.want {
				t.Errorf("outcome %s, want %s", d.Outcome(), tt.want)
			}
		})
	}
}

// allowsCall reports whether the profile lets a system call through whatever its
// arguments are.
func allowsCall(p *specs.LinuxSeccomp, name string) bool {
	return slices.ContainsFunc(p.Syscalls, func(c specs.LinuxSyscall) bool {
		return c.Action == specs.ActAllow && len(c.Args) == 0 && slices.Contains(c.Names, name)
	})
}

func TestSeccompProfileAdjust(t *testing.T) {
	tests := []struct {
		name  string
		rules []string
		spec  *specs.Spec
		mount bool // the calls that need SYS_ADMIN
	}{
		{"default capabilities", nil, newSpec(), false},
		{"SYS_ADMIN", nil, newSpec(withCaps("CAP_SYS_ADMIN")), true},
		{"SYS_ADMIN dropped by another rule", []string{`capabilities: {onViolation: adjust, drop: [SYS_ADMIN]}`}, newSpec(withCaps("CAP_SYS_ADMIN")), false},
		{"SYS_ADMIN dropped with privileged", []string{`privileged: {onViolation: adjust}`}, newSpec(privileged), false},
		{"no capabilities", nil, newSpec(func(s *specs.Spec) { s.Process.Capabilities = nil }), false},
		{"no linux", nil, newSpec(func(s *specs.Spec) { s.Linux = nil }), false},
		{"profile that allows everything", nil, newSpec(withSeccomp(&specs.LinuxSeccomp{DefaultAction: specs.ActAllow})), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := decide(t, tt.spec, append(tt.rules, `seccompProfile: {onViolation: adjust}`)...)
			if d.Outcome() != Adjusted {
				t.Fatalf("outcome %s: %v", d.Outcome(), findings(d))
			}
			p := d.Spec.Linux.Seccomp
			if p.DefaultAction != specs.ActErrno || !allowsCall(p, "read") || allowsCall(p, "kexec_load") {
				t.Error("not the default profile")
			}
			for _, name := range []string{"mount", "clone", "setns"} {
				if allowsCall(p, name) != tt.mount {
					t.Errorf("%s is let through: %v, want %v", name, !tt.mount, tt.mount)
				}
			}
		})
	}
	if d := decide(t, &specs.Spec{}, `seccompProfile: {onViolation: adjust}`); d.Outcome() != Denied {
		t.Errorf("a spec without a process: outcome %s", d.Outcome())
	}
}

func TestSeccompProfileAdjustedOnce(t *testing.T) {
	rule := `seccompProfile: {onViolation: adjust}`
	d := compileDocs(t, policyDoc("a", rule), policyDoc("b", rule, `privileged: {onViolation: adjust}`)).Evaluate(subject(newSpec(allDevices)), Complete)
	want := []string{"privileged: took all devices away", "privileged: set the default seccomp profile"}
	if got := changes(d); d.Outcome() != Adjusted || !slices.Equal(got, want) {
		t.Errorf("outcome %s, changes %q, want %q", d.Outcome(), got, want)
	}
}

func TestSeccompProfileKeepsProfile(t *testing.T) {
	own := &specs.LinuxSeccomp{DefaultAction: specs.ActErrno}
	d := decide(t, newSpec(withSeccomp(own), allDevices), `privileged: {onViolation: adjust}`, `seccompProfile: {onViolation: adjust}`)
	if d.Outcome() != Adjusted || len(d.Spec.Linux.Seccomp.Syscalls) > 0 {
		t.Errorf("outcome %s, profile %+v", d.Outcome(), d.Spec.Linux.Seccomp)
	}
}
