package policy

import (
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func withSELinux(process, mount string) option {
	return func(s *specs.Spec) { s.Process.SelinuxLabel, s.Linux.MountLabel = process, mount }
}

const (
	seProcess = "system_u:system_r:container_t:s0:c1,c2"
	seMount   = "system_u:object_r:container_file_t:s0:c1,c2"
)

func TestSELinuxOptions(t *testing.T) {
	const types = `{allowedTypes: ["", container_t, "container_*"]}`
	for _, tt := range []struct {
		name           string
		rule           string
		node           LSM
		process, mount string
		want           []string
	}{
		{"usual", types, Enabled, seProcess, seMount, nil},
		{"usual, no mount label", types, Enabled, seProcess, "", nil},
		{"pattern", types, Enabled, "system_u:system_r:container_kvm_t:s0", "", nil},
		{"unlabelled", types, Enabled, "", "", nil},
		{"type", types, Enabled, "system_u:system_r:spc_t:s0", "", []string{`SELinux type "spc_t" not allowed (allowed: "", container_t, container_*)`}},
		{"only the type to apply", "{type: container_t}", Enabled, "system_u:system_r:spc_t:s0", "", []string{`SELinux type "spc_t" not allowed (allowed: container_t)`}},
		{"unlabelled, not allowed", "{type: container_t}", Unknown, "", "", []string{"the process has no SELinux label (allowed: type container_t)"}},
		{"unlabelled for one part only", `{allowedTypes: [""], allowedRoles: [system_r]}`, Enabled, "", "", []string{"the process has no SELinux label (allowed: role system_r)"}},
		{"kernel without", "{type: container_t}", Disabled, "", "", nil},
		{"kernel without, a label", "{type: container_t}", Disabled, "u:r:spc_t:s0", "", []string{`SELinux type "spc_t" not allowed (allowed: container_t)`}},
		{"kernel without, required", "{required: true}", Disabled, "", "", []string{"the node's kernel has no SELinux"}},
		{"required", "{required: true}", Enabled, seProcess, seMount, nil},
		{"required, unlabelled", "{required: true}", Enabled, "", "", []string{"the process has no SELinux label"}},
		{"required, unlabelled, node unknown", "{required: true}", Unknown, "", "", []string{"the process has no SELinux label"}},
		{
			"every part", "{allowedUsers: [system_u], allowedRoles: [system_r], allowedTypes: [container_t], allowedLevels: ['s0:c1,*']}", Enabled, "a_u:b_r:c_t:s1", "",
			[]string{
				`SELinux user "a_u" not allowed (allowed: system_u)`, `SELinux role "b_r" not allowed (allowed: system_r)`,
				`SELinux type "c_t" not allowed (allowed: container_t)`, `SELinux level "s1" not allowed (allowed: s0:c1,*)`,
			},
		},
		{"level matches", "{allowedLevels: ['s0:c1,*']}", Enabled, seProcess, seMount, nil},
		{"no level", "{level: s0}", Enabled, "system_u:system_r:container_t", "", []string{`SELinux level "" not allowed (allowed: s0)`}},
		{"malformed", types, Enabled, "container_t", "", []string{`"container_t" is no SELinux label (user:role:type:level)`}},
		{"malformed, empty part", types, Enabled, "system_u::container_t:s0", "", []string{`"system_u::container_t:s0" is no SELinux label (user:role:type:level)`}},
		{"malformed, empty level", types, Enabled, "system_u:system_r:container_t:", "", []string{`"system_u:system_r:container_t:" is no SELinux label (user:role:type:level)`}},
		{"malformed mount label", types, Enabled, seProcess, "x", []string{`mount label: "x" is no SELinux label (user:role:type:level)`}},
		{"another level's files", types, Enabled, seProcess, "system_u:object_r:container_file_t:s0:c3", []string{`SELinux level "s0:c3" of the mount label is not the process's (allowed: s0:c1,c2)`}},
		{"not a file's role", types, Enabled, seProcess, "system_u:system_r:container_file_t:s0:c1,c2", []string{`SELinux role "system_r" of the mount label not allowed (allowed: object_r)`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sub := subject(newSpec(withSELinux(tt.process, tt.mount)))
			sub.Host = fakeHost{selinux: tt.node}
			var want []string
			for _, w := range tt.want {
				want = append(want, "seLinuxOptions: "+w)
			}
			if got := findings(compileDocs(t, policyDoc("test", "seLinuxOptions: "+tt.rule)).Evaluate(sub, Final)); !slices.Equal(got, want) {
				t.Errorf("\n got %q\nwant %q", got, want)
			}
		})
	}
	t.Run("nothing there", func(t *testing.T) {
		d := decide(t, &specs.Spec{}, "seLinuxOptions: {onViolation: adjust, type: container_t}")
		if got, want := findings(d), []string{"seLinuxOptions: the process has no SELinux label (allowed: type container_t)"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestSELinuxOptionsAdjust(t *testing.T) {
	const spc = "system_u:system_r:spc_t:s0:c1,c2"
	for _, tt := range []struct {
		name           string
		rule           string
		node           LSM
		process, mount string
		wantProcess    string
		wantMount      string
		denied         bool
	}{
		{"type, level kept", "type: container_t", Enabled, spc, seMount, seProcess, seMount, false},
		{"level given", "level: 's0:c7'", Enabled, seProcess, seMount, "system_u:system_r:container_t:s0:c7", "system_u:object_r:container_file_t:s0:c7", false},
		{"every part", "user: u_u, role: r_r, type: t_t, level: s1", Unknown, spc, "", "u_u:r_r:t_t:s1", "", false},
		{"allowed stays", "type: container_t, allowedTypes: ['container_*']", Enabled, "system_u:system_r:container_kvm_t:s0", "", "system_u:system_r:container_kvm_t:s0", "", false},
		{"unlabelled", "type: container_t", Enabled, "", "", "system_u:system_r:container_t:s0", "", false},
		{"unlabelled, files' level", "type: container_t", Unknown, "", seMount, seProcess, seMount, false},
		{"unlabelled, level given", "type: container_t, level: 's0:c7'", Enabled, "", "", "system_u:system_r:container_t:s0:c7", "", false},
		{"unlabelled, user and role given", "type: container_t, user: u_u, role: r_r", Enabled, "", "", "u_u:r_r:container_t:s0", "", false},
		{"unlabelled, required", "type: container_t, allowedTypes: ['', container_t], required: true", Enabled, "", "", "system_u:system_r:container_t:s0", "", false},
		{"unlabelled, no type", "user: u_u", Enabled, "", "", "", "", true},
		{"files follow", "type: container_t", Enabled, seProcess, "system_u:system_r:container_file_t:s0:c3", seProcess, seMount, false},
		{"malformed", "type: container_t", Enabled, "spc_t", seMount, "spc_t", seMount, true},
		{"malformed mount label", "type: container_t", Enabled, spc, "x", spc, "x", true},
		{"level not allowed, none given", "type: container_t, allowedLevels: [s0]", Enabled, spc, "", seProcess, "", true},
		{"kernel without, required", "type: container_t, required: true", Disabled, "", "", "", "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := compileDocs(t, policyDoc("test", "seLinuxOptions: {onViolation: adjust, "+tt.rule+"}"))
			sub := subject(newSpec(withSELinux(tt.process, tt.mount)))
			sub.Host = fakeHost{selinux: tt.node}
			d := set.Evaluate(sub, Final)
			process, mount := d.Spec.Process.SelinuxLabel, d.Spec.Linux.MountLabel
			if process != tt.wantProcess || mount != tt.wantMount || (d.Outcome() == Denied) != tt.denied {
				t.Errorf("%s %q %q, want %q %q (%q)", d.Outcome(), process, mount, tt.wantProcess, tt.wantMount, findings(d))
			}
			if changed := process != tt.process || mount != tt.mount; changed != (len(d.Adjustments) > 0) {
				t.Errorf("%q", changes(d))
			}
			sub.Spec = d.Spec
			if again := set.Evaluate(sub, Final); len(again.Adjustments) > 0 {
				t.Errorf("adjusted twice: %q", changes(again))
			}
		})
	}
	t.Run("words", func(t *testing.T) {
		d := decide(t, newSpec(withSELinux(spc, "system_u:object_r:container_file_t:s0")), "seLinuxOptions: {onViolation: adjust, type: container_t}")
		want := []string{"seLinuxOptions: set SELinux label " + seProcess, "seLinuxOptions: set SELinux mount label " + seMount}
		if got := changes(d); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestSELinuxOptionsLoad(t *testing.T) {
	const field = "spec.rules.seLinuxOptions"
	for rule, want := range map[string]string{
		"{}":                                      "0.yaml:6:21: " + field + ": needs required, or what to allow or apply",
		"{onViolation: adjust, required: true}":   "0.yaml:6:21: " + field + ".type: is missing: onViolation: adjust needs a user, role, type or level to apply",
		"{allowedTypes: []}":                      "0.yaml:6:36: " + field + ".allowedTypes: is an empty list; leave it out to allow all",
		"{allowedTypes: [a_t], type: b_t}":        "0.yaml:6:49: " + field + ".type: is not among the allowed ones (allowed: a_t)",
		"{type: 'a_t:s0'}":                        "0.yaml:6:28: " + field + `.type: "a_t:s0" is no SELinux name (allowed: letters, digits, '_', '.' and '-')`,
		"{level: 'c1,c2'}":                        "0.yaml:6:29: " + field + `.level: "c1,c2" is no SELinux level (allowed: such as s0, s0:c12,c34 or s0-s0:c0.c1023)`,
		"{level: 's0-s0:c0.c1023', required: no}": "0.yaml:6:57: " + field + `.required: must be true or false, not "no"`,
		"{onViolation: ignore}":                   "0.yaml:1:1: spec: has no rules: give it a profile or rules",
	} {
		if got := loadError("seLinuxOptions: " + rule); got != want {
			t.Errorf("%s:\n got %s\nwant %s", rule, got, want)
		}
	}
}
