package policy

import (
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func withAppArmor(profile string) option {
	return func(s *specs.Spec) { s.Process.ApparmorProfile = profile }
}

func TestAppArmorProfile(t *testing.T) {
	loaded := func(names ...string) AppArmor {
		m := map[string]bool{}
		for _, n := range names {
			m[n] = true
		}
		return AppArmor{State: Enabled, Profiles: m}
	}
	off := AppArmor{State: Disabled}
	idle := AppArmor{State: Enabled, Profiles: map[string]bool{"web": false}}
	const notUnconfined = "AppArmor profile Unconfined not allowed (allowed: RuntimeDefault, Localhost/**)"
	for _, tt := range []struct {
		name    string
		rule    string
		node    AppArmor
		profile string
		want    []string
	}{
		{"containerd's", "{}", AppArmor{}, "cri-containerd.apparmor.d", nil},
		{"CRI-O's", "{}", AppArmor{}, "crio-default", nil},
		{"podman's", "{}", AppArmor{}, "containers-default-0.62.2", nil},
		{"a loaded one", "{}", loaded("web"), "web", nil},
		{"a path", "{}", AppArmor{}, "/usr/bin/web", nil},
		{"none", "{}", AppArmor{}, "", []string{notUnconfined}},
		{"unconfined", "{}", AppArmor{State: Enabled}, "unconfined", []string{notUnconfined}},
		{"unconfined in a namespace", "{}", AppArmor{}, ":root:unconfined", []string{notUnconfined}},
		{"unconfined in a namespace, other form", "{}", AppArmor{}, ":root://unconfined", []string{notUnconfined}},
		{"unconfined, stacked", "{}", AppArmor{State: Enabled}, "web//&unconfined", []string{notUnconfined}},
		{"unconfined, stacked first", "{}", AppArmor{State: Enabled}, "unconfined//&web", []string{notUnconfined}},
		{"unconfined in a namespace, stacked", "{}", AppArmor{State: Enabled}, "web//&:root://unconfined", []string{notUnconfined}},
		{"unconfined, stacked onto the runtime's", "{}", AppArmor{State: Enabled}, "&unconfined", []string{notUnconfined}},
		{"unconfined in quotes", "{}", AppArmor{State: Enabled}, `"unconfined"`, []string{notUnconfined}},
		{"unconfined in quotes, stacked", "{}", AppArmor{State: Enabled}, `"web"//&'unconfined'`, []string{notUnconfined}},
		{"unconfined in blanks", "{}", AppArmor{State: Enabled}, " unconfined ", []string{notUnconfined}},
		{"unconfined and a line", "{}", AppArmor{State: Enabled}, "unconfined\n", []string{notUnconfined}},
		{"unconfined and a NUL", "{}", AppArmor{State: Enabled}, "unconfined\x00web", []string{notUnconfined}},
		{"unconfined as a child", "{}", AppArmor{State: Enabled}, "web//unconfined", []string{notUnconfined}},
		{"two stacked", `{allowed: ["Localhost/a//&b"]}`, loaded("a", "b"), "a//&b", []string{`AppArmor profile "a//&b" is not loaded on this node`}},
		{
			"looks like podman's", "{allowed: [RuntimeDefault]}", loaded("containers-default-x"), "containers-default-x",
			[]string{"AppArmor profile Localhost/containers-default-x not allowed (allowed: RuntimeDefault)"},
		},
		{
			"looks like podman's, a version and more", "{allowed: [RuntimeDefault]}", AppArmor{}, "containers-default-0.62.2//&x",
			[]string{"AppArmor profile Localhost/containers-default-0.62.2//&x not allowed (allowed: RuntimeDefault)"},
		},
		{"podman's, in development", "{allowed: [RuntimeDefault]}", AppArmor{}, "containers-default-0.63.0-dev", nil},
		{"unconfined allowed", "{allowed: [Unconfined]}", AppArmor{State: Enabled}, "", nil},
		{"not loaded", "{}", loaded("other"), "web", []string{`AppArmor profile "web" is not loaded on this node`}},
		{"no profile is loaded", "{}", loaded(), "crio-default", []string{`AppArmor profile "crio-default" is not loaded on this node (CRI-O loads it when it starts)`}},
		{
			"the default is not loaded", "{onViolation: adjust, apply: RuntimeDefault}", loaded("db"), "",
			[]string{
				"AppArmor profile Unconfined not allowed (allowed: RuntimeDefault)",
				`AppArmor profile "cri-containerd.apparmor.d", which the policy applies, is not loaded on this node ("specguard apparmor" loads it there)`,
			},
		},
		{"loaded ones not seen", "{}", AppArmor{State: Enabled}, "web", nil},
		{"in complain mode", "{}", idle, "web", []string{`AppArmor profile "web" confines nothing on this node (its mode is complain or unconfined)`}},
		{"in complain mode, unconfined allowed", "{allowed: [Localhost/web, Unconfined]}", idle, "web", nil},
		{"pattern", `{allowed: ["Localhost/web-*"]}`, AppArmor{}, "web-1", nil},
		{"pattern, another", `{allowed: ["Localhost/web-*"]}`, AppArmor{}, "db-1", []string{"AppArmor profile Localhost/db-1 not allowed (allowed: Localhost/web-*)"}},
		{"pattern, runtime's", `{allowed: ["Localhost/**"]}`, AppArmor{}, "crio-default", []string{"AppArmor profile RuntimeDefault not allowed (allowed: Localhost/**)"}},
		{"apply is what is allowed", "{apply: Localhost/web}", AppArmor{}, "db", []string{"AppArmor profile Localhost/db not allowed (allowed: Localhost/web)"}},
		{"kernel without", "{}", off, "", nil},
		{"kernel without, runtime's not allowed", "{allowed: [Localhost/web]}", off, "crio-default", nil},
		{"kernel without, a profile that is not allowed", "{allowed: [Localhost/web]}", off, "db", []string{"AppArmor profile Localhost/db not allowed (allowed: Localhost/web)"}},
		{"kernel without, required", "{required: true}", off, "", []string{"the node's kernel has no AppArmor"}},
		{"required, not known", "{required: true}", AppArmor{}, "crio-default", nil},
		{
			"cannot be applied", "{onViolation: adjust, apply: Localhost/web}", loaded("db"), "",
			[]string{"AppArmor profile Unconfined not allowed (allowed: Localhost/web)", `AppArmor profile "web", which the policy applies, is not loaded on this node`},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sub := subject(newSpec(withAppArmor(tt.profile)))
			sub.Host = fakeHost{apparmor: tt.node}
			var want []string
			for _, w := range tt.want {
				want = append(want, "appArmorProfile: "+w)
			}
			if got := findings(compileDocs(t, policyDoc("test", "appArmorProfile: "+tt.rule)).Evaluate(sub, Complete)); !slices.Equal(got, want) {
				t.Errorf("\n got %q\nwant %q", got, want)
			}
		})
	}
	t.Run("no process", func(t *testing.T) {
		spec := newSpec()
		spec.Process = nil
		if got := findings(decide(t, spec, "appArmorProfile: {onViolation: adjust, apply: RuntimeDefault}")); len(got) != 1 {
			t.Errorf("%q", got)
		}
	})
}

func TestAppArmorProfileAdjust(t *testing.T) {
	all := map[string]bool{"web": true, "containers-default-0.62.2": true, "crio-default": true, "cri-containerd.apparmor.d": true}
	without := func(names ...string) AppArmor {
		m := map[string]bool{}
		for n := range all {
			if !slices.Contains(names, n) {
				m[n] = true
			}
		}
		return AppArmor{State: Enabled, Profiles: m}
	}
	for _, tt := range []struct {
		name    string
		rule    string
		node    AppArmor
		profile string
		want    string
	}{
		{"runtime's", "apply: RuntimeDefault", without(), "unconfined", "cri-containerd.apparmor.d"},
		{"CRI-O's", "apply: RuntimeDefault", without("cri-containerd.apparmor.d"), "", "crio-default"},
		{"podman's", "apply: RuntimeDefault", without("cri-containerd.apparmor.d", "crio-default"), "", "containers-default-0.62.2"},
		{"not known", "apply: RuntimeDefault", AppArmor{}, "", "cri-containerd.apparmor.d"},
		{"a name", "apply: Localhost/web", without(), "", "web"},
		{"a name, not known", "apply: Localhost/web", AppArmor{State: Enabled}, "db", "web"},
		{"allowed stays", "apply: RuntimeDefault, allowed: [RuntimeDefault, Localhost/*]", without(), "web", "web"},
		{"runtime's stays", "apply: RuntimeDefault", without(), "crio-default", "crio-default"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := compileDocs(t, policyDoc("test", "appArmorProfile: {onViolation: adjust, "+tt.rule+"}"))
			sub := subject(newSpec(withAppArmor(tt.profile)))
			sub.Host = fakeHost{apparmor: tt.node}
			d := set.Evaluate(sub, Complete)
			if got := d.Spec.Process.ApparmorProfile; d.Outcome() == Denied || got != tt.want {
				t.Errorf("%q %q, want %q", got, findings(d), tt.want)
			}
			wantChanges := []string{"appArmorProfile: set AppArmor profile " + tt.want}
			if tt.want == tt.profile {
				wantChanges = nil
			}
			if !slices.Equal(changes(d), wantChanges) {
				t.Errorf("%q, want %q", changes(d), wantChanges)
			}
			sub.Spec = d.Spec
			if again := set.Evaluate(sub, Complete); again.Outcome() != Allowed {
				t.Errorf("adjusted twice: %q", changes(again))
			}
		})
	}
	// What cannot be applied is not.
	idle := AppArmor{State: Enabled, Profiles: map[string]bool{"web": false}}
	for _, node := range []AppArmor{without("web"), idle, {State: Disabled}} {
		sub := subject(newSpec(withAppArmor("db")))
		sub.Host = fakeHost{apparmor: node}
		d := compileDocs(t, policyDoc("test", "appArmorProfile: {onViolation: adjust, apply: Localhost/web}")).Evaluate(sub, Complete)
		if d.Outcome() != Denied || d.Spec.Process.ApparmorProfile != "db" {
			t.Errorf("%+v: %v %q", node, d.Outcome(), d.Spec.Process.ApparmorProfile)
		}
	}
}

func TestAppArmorProfileLoad(t *testing.T) {
	const field = "spec.rules.appArmorProfile."
	for rule, want := range map[string]string{
		"{allowed: [runtime/default]}":                      `0.yaml:6:33: ` + field + `allowed[0]: "runtime/default" is not an AppArmor profile (allowed: RuntimeDefault, Unconfined, Localhost/<name or pattern>)`,
		"{allowed: [Localhost/]}":                           `0.yaml:6:33: ` + field + `allowed[0]: "Localhost/" is not an AppArmor profile (allowed: RuntimeDefault, Unconfined, Localhost/<name or pattern>)`,
		`{allowed: ["Localhost/[a"]}`:                       `0.yaml:6:33: ` + field + `allowed[0]: "[a" is not a valid pattern (allowed: names with *, **, ?, [class], {a,b})`,
		"{allowed: [Localhost/unconfined]}":                 `0.yaml:6:33: ` + field + `allowed[0]: "Localhost/unconfined" is Unconfined: write Unconfined`,
		"{apply: Localhost/crio-default}":                   `0.yaml:6:30: ` + field + `apply: "Localhost/crio-default" is RuntimeDefault: write RuntimeDefault`,
		"{allowed: []}":                                     "0.yaml:6:32: " + field + "allowed: is an empty list; name at least one profile",
		"{apply: Unconfined}":                               "0.yaml:6:30: " + field + "apply: Unconfined cannot be applied",
		`{apply: "Localhost/web-*"}`:                        "0.yaml:6:30: " + field + "apply: needs the name of one profile, not a pattern",
		"{onViolation: adjust}":                             "0.yaml:6:22: " + field + "apply: is missing: onViolation: adjust needs a profile to apply",
		"{allowed: [Localhost/web], apply: RuntimeDefault}": "0.yaml:6:56: " + field + "apply: is not among the allowed profiles (allowed: Localhost/web)",
	} {
		if got := loadError("appArmorProfile: " + rule); got != want {
			t.Errorf("%s:\n got %s\nwant %s", rule, got, want)
		}
	}
}
