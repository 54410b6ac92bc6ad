package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func profilePolicy(profile string) string {
	return "apiVersion: " + APIVersion + "\nkind: Policy\nmetadata: {name: " + profile + "}\nspec: {profile: " + profile + "}\n"
}

// restricted is what a kubelet makes of a pod that complies with the
// Restricted standard.
func restricted(s *specs.Spec) {
	noCaps(s)
	withUser(1000, 1000)(s)
	s.Process.NoNewPrivileges = true
	s.Linux.Seccomp = &specs.LinuxSeccomp{DefaultAction: specs.ActErrno}
}

func TestProfiles(t *testing.T) {
	for _, name := range Profiles() {
		if _, err := Compile(Source{Name: name, Data: []byte(profilePolicy(name))}); err != nil {
			t.Errorf("%v", err)
		}
	}
	if got := Profiles(); !slices.Contains(got, "baseline") || !slices.Contains(got, "restricted") {
		t.Errorf("profiles are %v", got)
	}
}

func TestProfileDecisions(t *testing.T) {
	label := func(l string) option { return func(s *specs.Spec) { s.Process.SelinuxLabel = l } }
	apparmor := func(p string) option { return func(s *specs.Spec) { s.Process.ApparmorProfile = p } }
	tests := []struct {
		name                 string
		opts                 []option
		baseline, restricted []string // the rules that deny
	}{
		{"default", nil, nil, []string{"allowPrivilegeEscalation", "capabilities", "runAsNonRoot", "seccompProfile"}},
		{"restricted", []option{restricted}, nil, nil},
		{"NET_BIND_SERVICE", []option{restricted, withCaps("CAP_NET_BIND_SERVICE")}, nil, nil},
		{"SYS_ADMIN", []option{restricted, withCaps("CAP_SYS_ADMIN")}, []string{"capabilities"}, []string{"capabilities"}},
		{"SYS_PTRACE", []option{restricted, withCaps("CAP_SYS_PTRACE")}, []string{"capabilities"}, []string{"capabilities"}},
		{"root", []option{restricted, withUser(0, 0)}, nil, []string{"runAsNonRoot"}},
		{"privileged", []option{restricted, privileged}, []string{"capabilities", "devices", "privileged", "procMount"},
			[]string{"capabilities", "devices", "privileged", "procMount"}},
		{"host path", []option{restricted, withMount(bind("/host", "/etc", "rbind", "ro"))}, []string{"hostPaths"}, []string{"hostPaths", "volumeTypes"}},
		{"host pid", []option{restricted, withoutNamespace(specs.PIDNamespace)}, []string{"hostNamespaces"}, []string{"hostNamespaces"}},
		{"procMount Unmasked", []option{restricted, withPaths(nil, nil)}, []string{"procMount"}, []string{"procMount"}},
		{"runtime's labels", []option{restricted, label("system_u:system_r:container_t:s0:c1,c2")}, nil, nil},
		{"spc_t", []option{restricted, label("system_u:system_r:spc_t:s0")}, []string{"seLinuxOptions"}, []string{"seLinuxOptions"}},
		{"unconfined_u", []option{restricted, label("unconfined_u:system_r:container_t:s0")}, []string{"seLinuxOptions"}, []string{"seLinuxOptions"}},
		{"no escalation missing", []option{restricted, func(s *specs.Spec) { s.Process.NoNewPrivileges = false }}, nil, []string{"allowPrivilegeEscalation"}},
		{"seccomp unconfined", []option{restricted, withSeccomp(nil)}, nil, []string{"seccompProfile"}},
		{"AppArmor unconfined", []option{restricted, apparmor("unconfined")}, []string{"appArmorProfile"}, []string{"appArmorProfile"}},
		{"AppArmor profile of the node", []option{restricted, apparmor("web/app")}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for profile, want := range map[string][]string{"baseline": tt.baseline, "restricted": tt.restricted} {
				spec := newSpec(append([]option{apparmor("cri-containerd.apparmor.d")}, tt.opts...)...)
				sub := subject(spec)
				sub.Host = fakeHost{apparmor: AppArmor{State: Enabled}, selinux: Enabled}
				d := compileDocs(t, profilePolicy(profile)).Evaluate(sub, Complete)
				if got := rulesOf(d.Violations); !slices.Equal(got, want) {
					t.Errorf("%s: denied by %v, want %v: %s", profile, got, want, d.Message())
				}
			}
		})
	}
}

// On a node without security modules a container has neither label nor
// profile.
func TestProfileBaselineWithoutSecurityModules(t *testing.T) {
	sub := subject(newSpec())
	sub.Host = fakeHost{apparmor: AppArmor{State: Disabled}, selinux: Disabled}
	set, err := Builtin{Profile: "baseline", Mode: ModeEnforce}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	if d := set.Evaluate(sub, Complete); d.Outcome() != Allowed {
		t.Errorf("denied: %s", d.Message())
	}
}

func TestProfileOverride(t *testing.T) {
	doc := strings.Replace(policyDoc("own",
		`capabilities: {onViolation: adjust, allow: []}`,
		`runAsNonRoot: {onViolation: ignore}`,
		`seccompProfile: {onViolation: adjust}`,
		`allowPrivilegeEscalation: {onViolation: adjust}`,
	), "spec:\n", "spec:\n  profile: restricted\n", 1)
	sub := subject(newSpec())
	sub.Host = fakeHost{apparmor: AppArmor{State: Disabled}, selinux: Disabled}
	d := compileDocs(t, doc).Evaluate(sub, Complete)
	if d.Outcome() != Adjusted {
		t.Fatalf("outcome %s: %s", d.Outcome(), d.Message())
	}
	for i, set := range capabilitySets(d.Spec) {
		if len(*set) > 0 { // the profile drops ALL, the policy allows none back
			t.Errorf("set %d is %v", i, *set)
		}
	}
	if d.Spec.Process.User.UID != 0 {
		t.Error("a rule that is ignored adjusted")
	}
}

// TestDropAllOverProfile: drop: [ALL] means none, whatever the profile allows.
func TestDropAllOverProfile(t *testing.T) {
	for rule, want := range map[string]string{
		"{drop: [ALL]}":                "none",
		"{drop: [cap_all]}":            "none",
		"{drop: [ALL], allow: [KILL]}": "KILL",
		"{drop: [KILL]}":               "AUDIT_WRITE",
		"{onViolation: reject}":        "AUDIT_WRITE",
	} {
		set := compileDocs(t, strings.Replace(policyDoc("own", "capabilities: "+rule), "spec:\n", "spec:\n  profile: baseline\n", 1))
		sub := subject(newSpec(noCaps, withCaps("CAP_SYS_ADMIN")))
		sub.Host = fakeHost{apparmor: AppArmor{State: Disabled}, selinux: Disabled}
		if got := set.Evaluate(sub, Complete).Message(); !strings.Contains(got, "SYS_ADMIN not allowed (allowed: "+want) {
			t.Errorf("%s: %s", rule, got)
		}
	}
}

// rulesOf are the names of the rules that were broken, sorted, each once.
func rulesOf(violations []Violation) []string {
	var out []string
	for _, v := range violations {
		if !slices.Contains(out, v.Rule) {
			out = append(out, v.Rule)
		}
	}
	slices.Sort(out)
	return out
}
