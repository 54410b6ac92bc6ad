package policy

import (
	"slices"
	"strings"
	"testing"
)

// actionsOf compiles one policy with that spec and gives its rules' actions.
func actionsOf(t *testing.T, spec string) map[string]Action {
	t.Helper()
	set := compileDocs(t, "apiVersion: "+APIVersion+"\nkind: Policy\nmetadata: {name: test}\nspec: "+spec+"\n")
	out := make(map[string]Action)
	for _, r := range set.policies[0].rules {
		out[r.name] = r.Action()
	}
	return out
}

// TestPolicyAction: onViolation of a policy is for each rule that does not say itself what to do.
func TestPolicyAction(t *testing.T) {
	for spec, want := range map[string]map[string]Action{
		"{onViolation: audit, profile: restricted}": {"capabilities": Audit, "privileged": Audit, "hostPorts": Audit},
		"{onViolation: adjust, profile: restricted}": {
			"capabilities": Adjust, "allowPrivilegeEscalation": Adjust, "runAsNonRoot": Adjust, "seccompProfile": Adjust,
			"hostPorts": Reject, "hostNamespaces": Reject, // cannot adjust
			"appArmorProfile": Reject, "seLinuxOptions": Reject, // cannot as they are written
		},
		"{onViolation: adjust, profile: baseline, rules: {appArmorProfile: {apply: RuntimeDefault}}}": {"appArmorProfile": Adjust, "capabilities": Adjust},
		"{onViolation: reject, profile: hardened}":                                                    {"mountOptions": Reject, "seccompProfile": Reject},
		"{onViolation: audit, profile: hardened, rules: {mountOptions: {onViolation: adjust}, capabilities: {}}}": {
			"mountOptions": Adjust, "seccompProfile": Audit, "capabilities": Audit,
		},
		"{onViolation: adjust, rules: {resources: {memory: {default: 64Mi}}, hostPorts: {}, env: {onViolation: audit, forbid: [A]}}}": {
			"resources": Adjust, "hostPorts": Reject, "env": Audit,
		},
		"{onViolation: audit, profile: baseline, rules: {hostPorts: {onViolation: ignore}}}": {"hostPorts": "", "capabilities": Audit},
	} {
		got := actionsOf(t, spec)
		for rule, action := range want {
			if got[rule] != action {
				t.Errorf("%s: %s is %q, want %q", spec, rule, got[rule], action)
			}
		}
	}
}

// TestPolicyActionOfProfiles: each profile can have each action, and has the same rules.
func TestPolicyActionOfProfiles(t *testing.T) {
	for _, profile := range Profiles() {
		plain := actionsOf(t, "{profile: "+profile+"}")
		for _, action := range []Action{Reject, Adjust, Audit} {
			got := actionsOf(t, "{onViolation: "+string(action)+", profile: "+profile+"}")
			if len(got) != len(plain) {
				t.Errorf("%s with %s has %d rules, not %d", profile, action, len(got), len(plain))
			}
			for rule, is := range got {
				k := kinds()[slices.IndexFunc(kinds(), func(k kind) bool { return k.name == rule })]
				if is != action && (action != Adjust || k.canAdjust() && rule != "appArmorProfile" && rule != "seLinuxOptions") { // which say nothing to apply
					t.Errorf("%s with %s: %s is %s", profile, action, rule, is)
				}
			}
		}
	}
}

func TestPolicyActionErrors(t *testing.T) {
	for spec, want := range map[string]string{
		"{onViolation: ignore, profile: baseline}":                                                  `4:21: spec.onViolation: "ignore" is not one of reject, adjust, audit`,
		"{onViolation: adjust, rules: {resources: {memory: {default: 2Gi, max: 1Gi}}}}":             "default",
		"{onViolation: adjust, rules: {hostPorts: {onViolation: adjust}}}":                          "4:62: spec.rules.hostPorts.onViolation: this rule cannot adjust",
		"{onViolation: reject, rules: {resources: {memory: {default: 1Gi}}}}":                       "spec.rules.resources",
		"{onViolation: adjust, rules: {resources: [memory]}}":                                       "4:48: spec.rules.resources: must be a mapping",
		"{onViolation: adjust, rules: {capabilities: {drop: [ALL], onViolation: audit, dorp: []}}}": `unknown field "dorp"`,
	} {
		_, err := Compile(Source{Name: "p", Data: []byte("apiVersion: " + APIVersion + "\nkind: Policy\nmetadata: {name: test}\nspec: " + spec + "\n")})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", spec, err)
		}
	}
}

// TestPolicyActionNotes: it is said which rules do not adjust.
func TestPolicyActionNotes(t *testing.T) {
	notes := func(spec string) []Warning {
		return compileDocs(t, "apiVersion: "+APIVersion+"\nkind: Policy\nmetadata: {name: test}\nspec: "+spec+"\n").Notes()
	}
	got := notes("{onViolation: adjust, rules: {hostPorts: {}, hostNamespaces: {onViolation: audit}, env: {forbid: [A]}, images: {allowed: [a]}}}")
	want := "0.yaml:4:21: spec.onViolation: these rules cannot adjust as they are written, and keep what the profile says, or reject: images, hostPorts"
	if len(got) != 1 || got[0].String() != want {
		t.Errorf("%v", got)
	}
	for _, spec := range []string{"{onViolation: audit, profile: restricted}", "{onViolation: adjust, rules: {env: {forbid: [A]}}}", "{profile: restricted}"} {
		if got := notes(spec); len(got) != 0 {
			t.Errorf("%s: %v", spec, got)
		}
	}
}

// TestNeverEnds: it is said which exceptions never end.
func TestNeverEnds(t *testing.T) {
	p := strings.Replace(policyDoc("test", "allowPrivilegeEscalation: {}"), "spec:\n", "spec:\n  match: {namespaces: [team-a]}\n", 1)
	if got := compileDocs(t, p, exceptionDoc("expires: never")).Warnings(); len(got) != 1 || got[0].String() != "1.yaml:10:12: spec.expires: the exception never ends" {
		t.Errorf("%v", got)
	}
	if got := compileDocs(t, p, exceptionDoc()).Warnings(); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
