package policy

import (
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/policy/seccomp"
)

// TestSeccompOfDropped: a runtime makes its default profile for the capabilities that
// a container asks for. Where rules take them away, the profile is refused by no rule
// seccompProfile that allows the default, and denies what the floor says of what remains.
func TestSeccompOfDropped(t *testing.T) {
	files := seccompFiles()
	files["admin.json"] = `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"},
		{"names": ["bpf", "mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}}]}`
	adds := []string{"CAP_SYS_ADMIN", "CAP_SYS_MODULE", "CAP_BPF", "CAP_DAC_READ_SEARCH", "CAP_SYS_PACCT", "CAP_SYS_TIME", "CAP_SYS_BOOT"}
	drops := []string{
		"capabilities: {onViolation: adjust, drop: [ALL]}", "privileged: {onViolation: adjust}",
		"capabilities: {onViolation: adjust, drop: [SYS_ADMIN, SYS_MODULE]}",
	}
	rules := []string{
		"{}", "{onViolation: adjust}", "{allowed: [RuntimeDefault]}", "{onViolation: adjust, allowed: [RuntimeDefault]}",
		"{allowed: [Localhost/web.json, RuntimeDefault, Localhost/admin.json]}", "{onViolation: adjust, block: {syscalls: [keyctl], socketFamilies: [AF_ALG]}}",
	}
	for _, rule := range rules {
		for _, drop := range drops {
			set := compileDocs(t, policyDoc("a", "seccompProfile: "+rule), policyDoc("b", drop))
			for i := range adds {
				for _, asked := range []SeccompPattern{"", "RuntimeDefault"} {
					spec := newSpec(withCaps(adds[:i+1]...), withCaps("CAP_SYS_RAWIO"))
					made, err := defaultSeccomp(spec)
					if err != nil {
						t.Fatal(err)
					}
					spec.Linux.Seccomp = made
					sub := subject(spec)
					sub.Container.Seccomp, sub.Host = asked, fakeHost{seccomp: files}
					d := set.Evaluate(sub, Complete)
					if d.Outcome() == Denied {
						t.Errorf("%s, %s, %v, asked %q: %s", rule, drop, adds[:i+1], asked, d.Message())
						continue
					}
					now := profileOf(&Subject{Spec: d.Spec})
					floor := seccomp.Floor(func(c string) bool { return mayUse(d.Spec, c) })
					if open := floor.Open(now); len(open) > 0 || !seccomp.Within(now, made) {
						t.Errorf("%s, %s, %v: %v are open, within %v", rule, drop, adds[:i+1], open, seccomp.Within(now, made))
					}
					sub.Spec = d.Spec
					if again := set.Evaluate(sub, Complete); again.Outcome() != Allowed {
						t.Errorf("%s, %s, %v, the second time: %s %q", rule, drop, adds[:i+1], again.Outcome(), changes(again))
					}
				}
			}
		}
	}
}

// TestSeccompOfDroppedOthers: of a profile that is not the runtime's default, what the
// dropped capabilities stood for is taken out, and nothing is mended that was not fit.
func TestSeccompOfDroppedOthers(t *testing.T) {
	allow := func(names ...string) *specs.LinuxSeccomp {
		return &specs.LinuxSeccomp{DefaultAction: specs.ActErrno, Syscalls: []specs.LinuxSyscall{{Names: names, Action: specs.ActAllow}}}
	}
	files := seccompFiles()
	files["admin.json"] = `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"},
		{"names": ["bpf", "mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}}]}`
	for _, tt := range []struct {
		name, rule, drop string
		profile          *specs.LinuxSeccomp
		outcome          Outcome
		changes          []string
	}{
		{
			"a profile of its own", "{}", "drop: [ALL]", allow("read", "bpf", "personality"), Adjusted,
			[]string{"seccomp blocks bpf, which were for capabilities that were dropped"},
		},
		{"another capability", "{}", "drop: [KILL]", allow("read", "bpf", "personality"), Adjusted, nil},
		{"weak before", "{}", "drop: [ALL]", allow("read", "kexec_load", "personality"), Denied, nil},
		{"weak before and after", "{}", "drop: [ALL]", allow("read", "bpf", "add_key"), Denied, nil},
		{"none", "{}", "drop: [ALL]", nil, Denied, nil},
		{
			"a file", "{allowed: [Localhost/admin.json]}", "drop: [ALL]", allow("read", "bpf", "mount"), Adjusted,
			[]string{"set the seccomp profile Localhost/admin.json for the capabilities that remain"},
		},
		{"a file that is not allowed", "{allowed: [Localhost/web.json]}", "drop: [ALL]", allow("read", "bpf", "mount"), Denied, nil},
	} {
		sub := subject(newSpec(withCaps("CAP_SYS_ADMIN"), withSeccomp(tt.profile)))
		sub.Host = fakeHost{seccomp: files}
		d := compileDocs(t, policyDoc("a", "seccompProfile: "+tt.rule), policyDoc("b", "capabilities: {onViolation: adjust, "+tt.drop+"}")).Evaluate(sub, Complete)
		var got []string
		for _, a := range d.Adjustments {
			if a.Rule == "seccompProfile" {
				got = append(got, a.Change)
			}
		}
		if d.Outcome() != tt.outcome || tt.outcome != Denied && !slices.Equal(got, tt.changes) {
			t.Errorf("%s: %s %q %s", tt.name, d.Outcome(), got, d.Message())
		}
	}
}
