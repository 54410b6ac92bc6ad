package explain

import (
	"slices"
	"strings"
	"testing"

	"github.com/specguard/specguard/internal/schema"
	"github.com/specguard/specguard/policy"
)

// text is all that an explanation says.
func text(t *testing.T, names ...string) string {
	t.Helper()
	sections, err := Of(names...)
	if err != nil {
		t.Fatalf("%v: %v", names, err)
	}
	return join(sections)
}

func join(sections []Section) string {
	var out strings.Builder
	for _, s := range sections {
		out.WriteString(s.Title + ": " + s.Value + "\n" + strings.Join(s.Text, "\n") + "\n")
	}
	return out.String()
}

// TestEverythingIsExplained: each rule and each field below what can be asked for.
func TestEverythingIsExplained(t *testing.T) {
	c, err := schema.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	e := &explainer{comments: c}
	n := 0
	var walk func(tp topic)
	walk = func(tp topic) {
		n++
		found, err := find(tp.path)
		if err != nil {
			t.Fatal(err)
		}
		got := join(e.topic(found))
		if tp.parts == nil && !strings.Contains(got, "DESCRIPTION: \n") {
			t.Errorf("%s: no description in\n%s", tp.path, got)
		}
		for _, in := range tp.inside() {
			if !strings.Contains(got, "\n"+in.name()+"\t") {
				t.Errorf("%s does not show %s", tp.path, in.name())
			}
			if strings.Count(in.path, ".") < 8 && !strings.HasPrefix(in.path, "policy.rules.") { // those are rules, below
				walk(in)
			}
		}
	}
	for _, tp := range topics() {
		walk(tp)
	}
	if n < 300 {
		t.Errorf("%d topics", n)
	}
}

func TestOf(t *testing.T) {
	for asked, want := range map[string]string{
		"rules":                           "hostPaths\tLimits which of the host's files a container sees\n",
		"seccompprofile":                  "RULE: seccompProfile (spec.rules.seccompProfile of a Policy)\n",
		"policy.spec.rules.sysctls":       "RULE: sysctls (spec.rules.sysctls of a Policy)\n",
		"hostPaths.allowed[].readOnly":    "FIELD: spec.rules.hostPaths.allowed[].readOnly <true, false>\n",
		"hostPaths.allowed.path":          "REQUIRED: \n",
		"capabilities.onViolation":        "adjust\tthe spec is edited until it complies; if it cannot be, the container is denied\n",
		"on":                              "FIELD: spec.rules.*.on <request, result>\n",
		"match":                           "FIELD: spec.match <{namespaces,",
		"exception.allow":                 "volumeTypes\t<list of volume types> required\n",
		"exception.allow.capabilities":    "FIELD: spec.allow.capabilities <list of capabilities>\n",
		"policytest.cases.given.patch":    "FIELD: spec.cases[].given.patch",
		"profile":                         "restricted\textends baseline. Pod Security Standards, Restricted",
		"profile restricted":              "capabilities\t{onViolation: reject, drop: [ALL], allow: [CAP_NET_BIND_SERVICE]}\nCapabilities: all but one must be dropped.\n",
		"profile.baseline":                "hostPaths\t{onViolation: reject, allowed: []}\nHostPath Volumes\n",
		"restricted@v1.30":                "PROFILE: restricted@v1.30\n",
		"hardened":                        "privileged\t{onViolation: reject}\nPrivileged Containers\n",
		"capabilities":                    "IN PROFILES: \nbaseline: {onViolation: reject, allow: [AUDIT_WRITE, ",
		"policy.match.podSelector":        "matchLabels\t<texts by text>",
		"exception.allow.runAsNonRoot":    "allowedUsers\t<list of {min, max}>",
		"seLinuxOptions.allowedTypes":     "DEFAULT: ",
		"custom.validations[].expression": "VALUES: \nA CEL expression: ",
	} {
		t.Run(asked, func(t *testing.T) {
			if got := text(t, strings.Fields(asked)...); !strings.Contains(got, want) {
				t.Errorf("no %q in\n%s", want, got)
			}
		})
	}
}

// TestProfilesAreWhole: a profile has the rules of those that it extends, each once.
func TestProfilesAreWhole(t *testing.T) {
	for _, name := range policy.Profiles() {
		rules, err := policy.ProfileRules(name)
		if err != nil {
			t.Fatal(err)
		}
		got := text(t, "profile", name)
		for _, r := range rules {
			if strings.Count(got, "\n"+r.Rule+"\t") != 1 {
				t.Errorf("%s: %s is not shown once", name, r.Rule)
			}
		}
	}
}

func TestUnknown(t *testing.T) {
	for asked, want := range map[string]string{
		"capabilityes":         `there is no rule or field "capabilityes": did you mean capabilities?`,
		"restrcted":            `there is no rule or field "restrcted": did you mean restricted?`,
		"zzzz":                 `there is no rule or field "zzzz"; "specguard explain" without a name lists what there is`,
		"hostPaths.allowd":     `hostPaths has no field "allowd": did you mean allowed?`,
		"sysctls.zzzzzz":       `sysctls has no field "zzzzzz" (allowed: onViolation, on, allowed, version)`,
		"mode.x":               "mode has no fields",
		"profile restrictd":    `there is no profile "restrictd": did you mean restricted?`,
		"profile x":            `there is no profile "x" (allowed: baseline, hardened, restricted)`,
		"restricted@v9":        `"v9" is not a known version of the Pod Security Standards`,
		"exception.allow.zzzz": `exception.allow has no field "zzzz" (allowed: capabilities, `,
		"capabilities x":       `"capabilities" takes no second name`,
	} {
		t.Run(asked, func(t *testing.T) {
			if _, err := Of(strings.Fields(asked)...); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %s", err, want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for begin, want := range map[string][]string{
		"":                  {"policy", "capabilities", "match", "on", "rules", "profile", "restricted"},
		"hostPaths.":        {"hostPaths.allowed", "hostPaths.onViolation"},
		"hostPaths.al":      {"hostPaths.allowed"},
		"exception.allow.c": {"exception.allow.capabilities"},
		"profile.":          {"restricted"},
	} {
		got := Names(begin)
		for _, w := range want {
			if !slices.Contains(got, w) {
				t.Errorf("%q: no %s in %v", begin, w, got)
			}
		}
	}
	if got := Names("none.x"); got != nil {
		t.Error(got)
	}
}
