package policy

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func withSELinux(process, mount string) option {
	return func(s *specs.Spec) { s.Process.SelinuxLabel, s.Linux.MountLabel = process, mount }
}

const (
	seProcess = "system_u:system_r:container_t:s0:c1,c2"
	seMount   = "system_u:object_r:container_file_t:s0:c1,c2"

	// as the runtime gives them without categories
	seProcess0 = "system_u:system_r:container_t:s0"
	seMount0   = "system_u:object_r:container_file_t:s0"
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
		{"malformed", types, Enabled, "container_t", "", []string{`"container_t" is not an SELinux label (user:role:type:level)`}},
		{"malformed, empty part", types, Enabled, "system_u::container_t:s0", "", []string{`"system_u::container_t:s0" is not an SELinux label (user:role:type:level)`}},
		{"malformed, empty level", types, Enabled, "system_u:system_r:container_t:", "", []string{`"system_u:system_r:container_t:" is not an SELinux label (user:role:type:level)`}},
		{"malformed mount label", types, Enabled, seProcess, "x", []string{`mount label: "x" is not an SELinux label (user:role:type:level)`}},
		{"another level's files", types, Enabled, seProcess, "system_u:object_r:container_file_t:s0:c3", []string{`SELinux level "s0:c3" of the mount label is not the process's (allowed: s0:c1,c2)`}},
		{
			"level that cannot be replaced", "{onViolation: adjust, level: 's0:c7'}", Enabled, seProcess, seMount,
			[]string{`SELinux level "s0:c1,c2" not allowed, and cannot be replaced: the container runtime has labelled the container's files with it (allowed: s0:c7)`},
		},
		{
			"no label that can be given", "{onViolation: adjust, type: container_t}", Enabled, "", "",
			[]string{"the process has no SELinux label, and cannot get one: the container runtime has given its files none (allowed: type container_t)"},
		},
		{"not a file's role", types, Enabled, seProcess, "system_u:system_r:container_file_t:s0:c1,c2", []string{`SELinux role "system_r" of the mount label not allowed (allowed: object_r)`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sub := subject(newSpec(withSELinux(tt.process, tt.mount)))
			sub.Host = fakeHost{selinux: tt.node}
			var want []string
			for _, w := range tt.want {
				want = append(want, "seLinuxOptions: "+w)
			}
			if got := findings(compileDocs(t, policyDoc("test", "seLinuxOptions: "+tt.rule)).Evaluate(sub, Complete)); !slices.Equal(got, want) {
				t.Errorf("\n got %q\nwant %q", got, want)
			}
		})
	}
	t.Run("nothing there", func(t *testing.T) {
		d := decide(t, &specs.Spec{}, "seLinuxOptions: {onViolation: adjust, type: container_t}")
		if got, want := findings(d), []string{"seLinuxOptions: the process has no SELinux label, and cannot get one: the container runtime has given its files none (allowed: type container_t)"}; !slices.Equal(got, want) {
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
		{"level given", "level: 's0:c7'", Enabled, seProcess, seMount, seProcess, seMount, true},
		{"level given, none of its own", "level: 's0:c7'", Enabled, seProcess0, seMount0, "system_u:system_r:container_t:s0:c7", "system_u:object_r:container_file_t:s0:c7", false},
		{"every part", "user: u_u, role: r_r, type: t_t, level: 's0:c9'", Unknown, "system_u:system_r:spc_t:s0", "u_u:object_r:f_t:s0", "u_u:r_r:t_t:s0:c9", "u_u:object_r:f_t:s0:c9", false},
		{"every part, another level", "user: u_u, role: r_r, type: t_t, level: s1", Unknown, spc, "", "system_u:r_r:t_t:s0:c1,c2", "", true},
		{"user of others' files", "user: system_u", Enabled, "u_u:system_r:container_t:s0", "u_u:object_r:container_file_t:s0", "u_u:system_r:container_t:s0", "u_u:object_r:container_file_t:s0", true},
		{"user of the files", "user: system_u", Enabled, "u_u:system_r:container_t:s0", seMount0, seProcess0, seMount0, false},
		{"allowed stays", "type: container_t, allowedTypes: ['container_*']", Enabled, "system_u:system_r:container_kvm_t:s0", "", "system_u:system_r:container_kvm_t:s0", "", false},
		{"unlabelled, and so are the files", "type: container_t", Enabled, "", "", "", "", true},
		{"unlabelled, files' level", "type: container_t", Unknown, "", seMount, seProcess, seMount, false},
		{"unlabelled, level given", "type: container_t, level: 's0:c7'", Enabled, "", seMount0, "system_u:system_r:container_t:s0:c7", "system_u:object_r:container_file_t:s0:c7", false},
		{"unlabelled, another level given", "type: container_t, level: 's0:c7'", Enabled, "", seMount, seProcess, seMount, true},
		{"unlabelled, user and role given", "type: container_t, user: u_u, role: r_r", Enabled, "", seMount, "system_u:r_r:container_t:s0:c1,c2", seMount, true},
		{"unlabelled, role given", "type: container_t, role: r_r", Enabled, "", seMount, "system_u:r_r:container_t:s0:c1,c2", seMount, false},
		{"unlabelled, required", "type: container_t, allowedTypes: ['', container_t], required: true", Enabled, "", seMount, seProcess, seMount, false},
		{"unlabelled, no type", "user: u_u", Enabled, "", seMount, "", seMount, true},
		{"files follow", "type: container_t", Enabled, seProcess, "system_u:system_r:container_file_t:s0", seProcess, seMount, false},
		{"files of another level", "type: container_t", Enabled, seProcess, "system_u:object_r:container_file_t:s0:c3", seProcess, "system_u:object_r:container_file_t:s0:c3", true},
		{"malformed", "type: container_t", Enabled, "spc_t", seMount, "spc_t", seMount, true},
		{"malformed mount label", "type: container_t", Enabled, spc, "x", spc, "x", true},
		{"level not allowed, none given", "type: container_t, allowedLevels: [s0]", Enabled, spc, "", seProcess, "", true},
		{"kernel without, required", "type: container_t, required: true", Disabled, "", "", "", "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := compileDocs(t, policyDoc("test", "seLinuxOptions: {onViolation: adjust, "+tt.rule+"}"))
			sub := subject(newSpec(withSELinux(tt.process, tt.mount)))
			sub.Host = fakeHost{selinux: tt.node}
			d := set.Evaluate(sub, Complete)
			process, mount := d.Spec.Process.SelinuxLabel, d.Spec.Linux.MountLabel
			if process != tt.wantProcess || mount != tt.wantMount || (d.Outcome() == Denied) != tt.denied {
				t.Errorf("%s %q %q, want %q %q (%q)", d.Outcome(), process, mount, tt.wantProcess, tt.wantMount, findings(d))
			}
			if changed := process != tt.process || mount != tt.mount; changed != (len(d.Adjustments) > 0) {
				t.Errorf("%q", changes(d))
			}
			sub.Spec = d.Spec
			if again := set.Evaluate(sub, Complete); len(again.Adjustments) > 0 {
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

// TestSELinuxUnknown asks a kernel that knows some types.
func TestSELinuxUnknown(t *testing.T) {
	unknown := func(label string) string {
		return `seLinuxOptions: the node's SELinux policy does not know the label "` + label + `" (its user, role, type or level, or their combination)`
	}
	const spc, files = "system_u:system_r:spc_t:s0:c1,c2", "system_u:object_r:other_file_t:s0:c1,c2"
	for _, tt := range []struct {
		name, rule     string
		node           fakeHost
		process, mount string
		want           []string
	}{
		{"known", "{required: true}", fakeHost{selinux: Enabled, seTypes: []string{"container_t", "container_file_t"}}, seProcess, seMount, nil},
		{"process", "{required: true}", fakeHost{selinux: Enabled, seTypes: []string{"container_file_t"}}, seProcess, seMount, []string{unknown(seProcess)}},
		{"files", "{required: true}", fakeHost{selinux: Enabled, seTypes: []string{"container_t"}}, seProcess, files, []string{unknown(files)}},
		{"applied", "{onViolation: adjust, type: container_t}", fakeHost{selinux: Enabled, seTypes: []string{"spc_t"}}, spc, "", []string{unknown(seProcess)}},
		{"replaced", "{onViolation: adjust, type: container_t}", fakeHost{selinux: Enabled, seTypes: []string{"container_t"}}, spc, "", nil},
		{"malformed is said once", "{required: true}", fakeHost{selinux: Enabled, seTypes: []string{}}, "x", "", []string{`seLinuxOptions: "x" is not an SELinux label (user:role:type:level)`}},
		{"cannot be asked", "{required: true}", fakeHost{selinux: Enabled}, seProcess, seMount, nil},
		{"off", "{allowedTypes: [container_t]}", fakeHost{selinux: Disabled, seTypes: []string{}}, seProcess, seMount, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sub := subject(newSpec(withSELinux(tt.process, tt.mount)))
			sub.Host = tt.node
			d := compileDocs(t, policyDoc("test", "seLinuxOptions: "+tt.rule)).Evaluate(sub, Complete)
			if got := findings(d); !slices.Equal(got, tt.want) {
				t.Errorf("\n got %q\nwant %q", got, tt.want)
			}
		})
	}
}

// TestSELinuxFilesUsable: whatever the levels of process, files and policies, a
// container that may run is of the level of the files that the runtime has
// labelled, or those have no categories; and the mount label is the process's.
func TestSELinuxFilesUsable(t *testing.T) {
	levels := []string{"s0", "s0:c1", "s0:c1,c2", "s0:c7", "s0-s0:c0.c1023", "s1", "s01", "s1:c1"}
	policies := []string{"type: container_t"}
	for _, l := range levels {
		policies = append(policies, "level: '"+l+"'", "type: container_t, level: '"+l+"'", "type: container_t, allowedLevels: ['"+l+"', s0], level: '"+l+"'")
	}
	processes, mounts := []string{""}, []string{""}
	for _, l := range levels {
		processes = append(processes, "system_u:system_r:spc_t:"+l, "system_u:system_r:container_t:"+l)
		mounts = append(mounts, "system_u:object_r:container_file_t:"+l)
	}
	for _, rule := range policies {
		set := compileDocs(t, policyDoc("test", "seLinuxOptions: {onViolation: adjust, "+rule+"}"))
		for _, process := range processes {
			for _, mount := range mounts {
				sub := subject(newSpec(withSELinux(process, mount)))
				sub.Host = fakeHost{selinux: Enabled}
				d := set.Evaluate(sub, Complete)
				if d.Outcome() == Denied {
					continue
				}
				was, _ := parseSELabel(cmp.Or(mount, process))
				is, _ := parseSELabel(d.Spec.Process.SelinuxLabel)
				files, _ := parseSELabel(d.Spec.Linux.MountLabel)
				switch {
				case process == "" && is != (seLabel{}) && mount == "", mount == "" && files != (seLabel{}):
					t.Errorf("%s: process %q, files %q got labels", rule, process, mount)
				case is.level != was.level && !(was.level == "s0" && strings.HasPrefix(is.level, "s0:") || was.level == "s0" && is.level == "s0-s0:c0.c1023" || was.level == "s1" && is.level == "s1:c1"):
					t.Errorf("%s: process %q, files %q became %q", rule, process, mount, d.Spec.Process.SelinuxLabel)
				case mount != "" && files.level != is.level:
					t.Errorf("%s: process %q, files %q became %q and %q", rule, process, mount, d.Spec.Process.SelinuxLabel, d.Spec.Linux.MountLabel)
				}
			}
		}
	}
}

func TestSELinuxOptionsLoad(t *testing.T) {
	const field = "spec.rules.seLinuxOptions"
	for rule, want := range map[string]string{
		"{}":                                      "0.yaml:6:21: " + field + ": needs required, or what to allow or apply",
		"{onViolation: adjust, required: true}":   "0.yaml:6:21: " + field + ".type: is missing: onViolation: adjust needs a user, role, type or level to apply",
		"{allowedTypes: []}":                      "0.yaml:6:36: " + field + ".allowedTypes: is an empty list; leave it out to allow all",
		"{allowedTypes: [a_t], type: b_t}":        "0.yaml:6:49: " + field + ".type: is not among the allowed ones (allowed: a_t)",
		"{type: 'a_t:s0'}":                        "0.yaml:6:28: " + field + `.type: "a_t:s0" is not an SELinux name (allowed: letters, digits, '_', '.' and '-')`,
		"{level: 'c1,c2'}":                        "0.yaml:6:29: " + field + `.level: "c1,c2" is not an SELinux level (allowed: such as s0, s0:c12,c34 or s0-s0:c0.c1023)`,
		"{level: 's0-s0:c0.c1023', required: no}": "0.yaml:6:57: " + field + `.required: must be true or false, not "no"`,
		"{onViolation: ignore}":                   "0.yaml:1:1: spec: has no rules: give it a profile or rules",
	} {
		if got := loadError("seLinuxOptions: " + rule); got != want {
			t.Errorf("%s:\n got %s\nwant %s", rule, got, want)
		}
	}
}
