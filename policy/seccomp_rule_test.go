package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/policy/seccomp"
)

// TestSeccompProfileRule has a container's profile judged and adjusted by the
// rule; denied is what a denial says.
func TestSeccompProfileRule(t *testing.T) {
	runtimeDefault, err := defaultSeccomp(newSpec())
	if err != nil {
		t.Fatal(err)
	}
	harmless := &specs.LinuxSeccomp{DefaultAction: specs.ActAllow, Syscalls: []specs.LinuxSyscall{{Names: []string{"reboot"}, Action: specs.ActErrno}}}
	listed := &specs.LinuxSeccomp{DefaultAction: specs.ActErrno, Syscalls: []specs.LinuxSyscall{{Names: []string{"read"}, Action: specs.ActAllow}}}
	tests := []struct {
		name    string
		rule    string
		profile *specs.LinuxSeccomp
		asked   SeccompPattern
		denied  string
		changes []string
	}{
		{"one harmless call", `{}`, harmless, "", "too weak", nil},
		{"any profile", `{anyProfile: true}`, harmless, "", "", nil},
		{"a list of calls", `{}`, listed, "", "", nil},
		{"weak, adjusted", `{onViolation: adjust}`, harmless, "", "", []string{"set the default seccomp profile"}},
		{"block", `{block: {syscalls: [bpf]}}`, runtimeDefault, "", "", nil},
		{"not blocked", `{block: {syscalls: [read]}}`, runtimeDefault, "", "seccomp does not block read", nil},
		{"socketcall", `{block: {socketFamilies: [AF_ALG]}}`, runtimeDefault, "", "seccomp does not block AF_ALG, socketcall", nil},
		{"tightened", `{onViolation: adjust, block: {socketFamilies: [AF_ALG]}}`, runtimeDefault, "", "", []string{"seccomp blocks AF_ALG"}},
		{"none, blocked only", `{onViolation: adjust, allowed: [Unconfined], block: {syscalls: [bpf]}}`, nil, "", "", []string{"seccomp blocks bpf"}},
		{"none", `{onViolation: adjust, block: {syscalls: [bpf]}}`, nil, "", "", []string{"set the default seccomp profile", "seccomp blocks bpf"}},
		{"allowed by name", `{allowed: ["Localhost/team-*/**"]}`, listed, "Localhost/team-a/x.json", "", nil},
		{"another name", `{allowed: ["Localhost/team-*/**"]}`, listed, "Localhost/x.json", "seccomp profile Localhost/x.json not allowed", nil},
		{"name not told", `{allowed: ["Localhost/team-*/**"]}`, listed, "", "as far as can be told", nil},
		{"name of none, with a profile", `{allowed: ["Localhost/team-*/**"]}`, listed, "Unconfined", "as far as can be told", nil},
		{"default by content", `{allowed: [RuntimeDefault]}`, runtimeDefault, "", "", nil},
		{"within the default", `{allowed: [RuntimeDefault]}`, listed, "Localhost/x.json", "", nil},
		{"file by content", `{allowed: [Localhost/web.json]}`, listed, "", "", nil},
		{"file applied", `{onViolation: adjust, apply: Localhost/web.json}`, nil, "", "", []string{"set seccomp profile Localhost/web.json"}},
		{"file missing", `{onViolation: adjust, apply: Localhost/none.json}`, nil, "", "seccomp is unconfined", nil},
		{"file is none", `{onViolation: adjust, apply: Localhost/bad.json}`, nil, "", "seccomp is unconfined", nil},
		{"never a weaker one", `{onViolation: adjust, allowed: [RuntimeDefault, Localhost/x.json], apply: RuntimeDefault}`,
			&specs.LinuxSeccomp{DefaultAction: specs.ActErrno, Syscalls: []specs.LinuxSyscall{{Names: []string{"keyctl"}, Action: specs.ActAllow}}}, "", "as far as can be told", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sub := subject(newSpec(withSeccomp(tt.profile)))
			sub.Container.Seccomp = tt.asked
			sub.Host = fakeHost{seccomp: seccompFiles()}
			d := compileDocs(t, policyDoc("p", "seccompProfile: "+tt.rule)).Evaluate(sub, Complete)
			if denied := d.Outcome() == Denied; denied != (tt.denied != "") || !strings.Contains(d.Message(), tt.denied) {
				t.Fatalf("%s: %s", d.Outcome(), d.Message())
			}
			var got []string
			for _, a := range d.Adjustments {
				got = append(got, a.Change)
			}
			if tt.denied == "" && !slices.Equal(got, tt.changes) {
				t.Errorf("changes %q, want %q", got, tt.changes)
			}
		})
	}
}

// Every container's default profile reaches the floor, whatever capabilities it
// has.
func TestSeccompFloor(t *testing.T) {
	for _, caps := range [][]string{nil, {"CAP_SYS_ADMIN"}, {"CAP_SYS_MODULE"}, {"CAP_BPF"}, {"CAP_DAC_READ_SEARCH"}, {"CAP_SYS_PACCT"}, {"CAP_SYS_TIME"},
		{"CAP_SYS_BOOT"}, {"CAP_SYS_RAWIO"}, {"CAP_PERFMON"}, {"CAP_SYS_PTRACE"}} {
		spec := newSpec(withCaps(caps...))
		p, err := defaultSeccomp(spec)
		if err != nil {
			t.Fatal(err)
		}
		sub := Subject{Spec: spec}
		if open := seccomp.Floor(sub.mayUse).Open(p); len(open) > 0 {
			t.Errorf("%v: %v are open", caps, open)
		}
	}
}

// Profile hardened leaves a default profile's container running, and tightens it.
func TestHardenedSeccomp(t *testing.T) {
	for _, p := range []*specs.LinuxSeccomp{nil, {DefaultAction: specs.ActErrno}} {
		sub := subject(newSpec(restricted, withSeccomp(p)))
		d := compileDocs(t, profilePolicy("hardened")).Evaluate(sub, Complete)
		b := seccomp.Block{SocketFamilies: []seccomp.Family{"AF_ALG", "AF_RXRPC", "AF_VSOCK"}, Syscalls: []seccomp.Call{"keyctl", "bpf", "init_module", "io_uring_setup"}}
		if open := b.Open(d.Spec.Linux.Seccomp); len(open) > 0 || slices.Contains(rulesOf(d.Violations), "seccompProfile") {
			t.Errorf("open %v, %s", open, d.Message())
		}
	}
}

func TestSeccompProfileInvalid(t *testing.T) {
	for rule, want := range map[string]string{
		`{block: {socketFamilies: [AF_PACKET]}}`:               "drop capability NET_RAW",
		`{block: {socketFamilies: [AF_NONE]}}`:                 `unknown socket family "AF_NONE"`,
		`{block: {syscalls: [bfp]}}`:                           `unknown system call "bfp"`,
		`{block: {syscalls: [""]}}`:                            `unknown system call ""`,
		`{apply: Unconfined}`:                                  "cannot be applied",
		`{apply: "Localhost/*"}`:                               "not a pattern",
		`{allowed: ["Localhost/../a"]}`:                        "is not a seccomp profile",
		`{allowed: [Localhost//a]}`:                            "is not a seccomp profile",
		`{allowed: []}`:                                        "is an empty list",
		`{allowed: [RuntimeDefault], apply: Localhost/a}`:      "is not among the allowed profiles",
		`{onViolation: adjust, allowed: ["Localhost/a.json"]}`: "lacks RuntimeDefault",
	} {
		_, err := Compile(Source{Name: "p.yaml", Data: []byte(policyDoc("p", "seccompProfile: "+rule))})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", rule, err)
		}
	}
}
