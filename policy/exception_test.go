package policy

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// exceptionDoc is an exception from allowPrivilegeEscalation of the policy
// "test" for namespace team-a, until the end of 2026, with fields put in place
// of those or beside them.
func exceptionDoc(fields ...string) string {
	all := map[string]string{
		"policies": "[test]", "rules": "[allowPrivilegeEscalation]", "match": "{namespaces: [team-a]}",
		"reason": "the vendor needs setuid", "owner": "team-a@example.com", "expires": "2026-12-31",
	}
	for _, f := range fields {
		key, value, _ := strings.Cut(f, ": ")
		all[key] = value
	}
	doc := "apiVersion: " + APIVersion + "\nkind: Exception\nmetadata: {name: x}\nspec:\n"
	for _, key := range []string{"policies", "rules", "allow", "match", "reason", "owner", "expires"} {
		if all[key] != "" {
			doc += "  " + key + ": " + all[key] + "\n"
		}
	}
	return doc
}

func at(t testing.TB, text string) time.Time {
	t.Helper()
	out, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestException(t *testing.T) {
	both := policyDoc("test", "allowPrivilegeEscalation: {}", "runAsNonRoot: {}")
	for name, tt := range map[string]struct {
		policy, exception string
		time              string
		denied            []string // rules
		excepted          []string
	}{
		"holds":           {both, exceptionDoc(), "2026-11-01T00:00:00Z", []string{"runAsNonRoot"}, []string{"allowPrivilegeEscalation"}},
		"last second":     {both, exceptionDoc(), "2026-12-31T23:59:59Z", []string{"runAsNonRoot"}, []string{"allowPrivilegeEscalation"}},
		"expired":         {both, exceptionDoc(), "2027-01-01T00:00:00Z", []string{"allowPrivilegeEscalation", "runAsNonRoot"}, nil},
		"time, before":    {both, exceptionDoc("expires: 2026-12-31T12:00:00+02:00"), "2026-12-31T09:59:59Z", []string{"runAsNonRoot"}, []string{"allowPrivilegeEscalation"}},
		"time, over":      {both, exceptionDoc("expires: 2026-12-31T12:00:00+02:00"), "2026-12-31T10:00:00Z", []string{"allowPrivilegeEscalation", "runAsNonRoot"}, nil},
		"never over":      {both, exceptionDoc("expires: never"), "9999-01-01T00:00:00Z", []string{"runAsNonRoot"}, []string{"allowPrivilegeEscalation"}},
		"others":          {both, exceptionDoc("match: {namespaces: [team-b]}"), "2026-11-01T00:00:00Z", []string{"allowPrivilegeEscalation", "runAsNonRoot"}, nil},
		"other container": {both, exceptionDoc("match: {containers: [init]}"), "2026-11-01T00:00:00Z", []string{"allowPrivilegeEscalation", "runAsNonRoot"}, nil},
		"image":           {both, exceptionDoc(`match: {images: ["registry.example.com/**"]}`), "2026-11-01T00:00:00Z", []string{"runAsNonRoot"}, []string{"allowPrivilegeEscalation"}},
		"both rules":      {both, exceptionDoc("rules: [runAsNonRoot, allowPrivilegeEscalation]"), "2026-11-01T00:00:00Z", nil, []string{"allowPrivilegeEscalation", "runAsNonRoot"}},
	} {
		t.Run(name, func(t *testing.T) {
			sub := subject(newSpec())
			sub.Time = at(t, tt.time)
			d := compileDocs(t, tt.policy, tt.exception).Evaluate(sub, Complete)
			var denied, excepted []string
			for _, v := range d.Violations {
				denied = append(denied, v.Rule)
			}
			for _, e := range d.Excepted {
				excepted = append(excepted, e.Rule)
				if e.Exception != "x" || e.Policy != "test" || e.Found == "" {
					t.Errorf("excepted: %+v", e)
				}
			}
			if !slices.Equal(denied, tt.denied) || !slices.Equal(excepted, tt.excepted) {
				t.Errorf("denied %v excepted %v, want %v and %v", denied, excepted, tt.denied, tt.excepted)
			}
		})
	}
}

// TestExceptionFromAdjusting: an excused container is not edited by the rule.
func TestExceptionFromAdjusting(t *testing.T) {
	set := compileDocs(t, policyDoc("test", "allowPrivilegeEscalation: {onViolation: adjust}"), exceptionDoc())
	sub := subject(newSpec())
	sub.Time = at(t, "2026-11-01T00:00:00Z")
	if d := set.Evaluate(sub, Complete); d.Outcome() != Allowed || d.Spec.Process.NoNewPrivileges || len(d.Excepted) != 1 {
		t.Errorf("%s %v", d.Outcome(), d.Excepted)
	}
	sub.Time = at(t, "2027-11-01T00:00:00Z")
	if d := set.Evaluate(sub, Complete); d.Outcome() != Adjusted || len(d.Excepted) != 0 {
		t.Errorf("%s %v", d.Outcome(), d.Excepted)
	}
}

// TestExceptionImageAsWritten: another spelling of a registry may be another server. It is the same to
// a policy, which must not be evaded, and another one to an exception.
func TestExceptionImageAsWritten(t *testing.T) {
	set := compileDocs(t, policyDoc("test", "hostNamespaces: {}"), exceptionDoc("rules: [hostNamespaces]", `match: {images: ["registry.example.com/mesh/**"]}`))
	for image, want := range map[string]Outcome{
		"registry.example.com/mesh/a:1": Allowed, "registry.example.com:80/mesh/a:1": Denied, "registry.example.com:443/mesh/a:1": Denied,
		"REGISTRY.example.com/mesh/a:1": Denied, "registry.example.com/other/a:1": Denied,
	} {
		sub := subject(newSpec(withoutNamespace("network")))
		sub.Time, sub.Container.Image = at(t, "2026-11-01T00:00:00Z"), image
		if d := set.Evaluate(sub, Complete); d.Outcome() != want {
			t.Errorf("%s: %s", image, d.Outcome())
		}
	}
}

// TestExceptionForAnImageNotKnown: such an exception may hold in the end, so
// nothing is denied early; one that cannot be told to hold in the end does not.
func TestExceptionForAnImageNotKnown(t *testing.T) {
	set := compileDocs(t, policyDoc("test", "hostNamespaces: {}"),
		exceptionDoc("rules: [hostNamespaces]", `match: {images: ["registry.example.com/**"]}`))
	sub := subject(newSpec(withoutNamespace("network")))
	sub.Time, sub.Container.Image = at(t, "2026-11-01T00:00:00Z"), ""
	if d := set.Evaluate(sub, Partial); d.Outcome() != Allowed {
		t.Errorf("early: %s", d.Message())
	}
	if d := set.Evaluate(sub, Complete); d.Outcome() != Denied {
		t.Errorf("without image: %s", d.Outcome())
	}
	sub.Container.Image = "registry.example.com/x"
	if d := set.Evaluate(sub, Complete); d.Outcome() != Allowed {
		t.Errorf("with image: %s", d.Message())
	}
}

// TestExceptionForAClaimedImage: that an image is asked for by a name does not
// make it that image.
func TestExceptionForAClaimedImage(t *testing.T) {
	for _, match := range []string{
		`{images: ["registry.example.com/old"]}`,
		`{matchConditions: [{name: a, expression: '"registry.example.com/old" in container.images'}]}`,
	} {
		set := compileDocs(t, policyDoc("test", "hostNamespaces: {}"), exceptionDoc("rules: [hostNamespaces]", "match: "+match))
		sub := subject(newSpec(withoutNamespace("network")))
		sub.Time = at(t, "2026-11-01T00:00:00Z")
		sub.Container.Image, sub.Container.OtherImages = "registry.example.com/new", []string{"registry.example.com/old"}
		if d := set.Evaluate(sub, Complete); d.Outcome() != Denied {
			t.Errorf("%s: claimed: %s", match, d.Outcome())
		}
		sub.Container.Image = "registry.example.com/old"
		if d := set.Evaluate(sub, Complete); d.Outcome() != Allowed {
			t.Errorf("%s: %s", match, d.Message())
		}
	}
}

// TestExceptionExcludes: what may be excluded is: by any reference of an image, and by what is
// not known.
func TestExceptionExcludes(t *testing.T) {
	labels := func(l map[string]string) func(*Subject) { return func(s *Subject) { s.Pod.Labels = l } }
	image := func(own string, others ...string) func(*Subject) {
		return func(s *Subject) { s.Container.Image, s.Container.OtherImages = own, others }
	}
	for _, tt := range []struct {
		match string
		edit  func(*Subject)
		holds bool
	}{
		{`{excludeContainers: [app]}`, image("a"), false},
		{`{excludeContainers: ["init-*"]}`, image("a"), true},
		{`{excludePodSelector: {matchLabels: {a: b}}}`, labels(map[string]string{"a": "b"}), false},
		{`{excludePodSelector: {matchLabels: {a: b}}}`, labels(nil), true},
		{`{excludePodSelector: {matchLabels: {a: b}}}`, func(s *Subject) { s.Pod.LabelsUnseen = true }, false},
		{`{excludePodSelector: {matchExpressions: [{key: a, operator: DoesNotExist}]}}`, labels(nil), false},
		{`{excludeImages: [a]}`, image("docker.io/library/a:1"), false},
		{`{excludeImages: [a]}`, image("docker.io/library/b:1"), true},
		{`{excludeImages: [a]}`, image("docker.io/library/b:1", "docker.io/library/a:1"), false},
		{`{excludeImages: [a]}`, image(""), false},
		{`{excludeImages: [a]}`, func(s *Subject) { s.Container = Container{Name: "app", ImageUnseen: true} }, false},
		{`{images: [b], excludeImages: ["b:1"]}`, image("docker.io/library/b:1"), false},
		{`{images: [b], excludeImages: ["b:1"]}`, image("docker.io/library/b:2"), true},
		{`{images: [b], excludeImages: ["b:1"]}`, image("docker.io/library/c:2", "b:2"), false},
	} {
		set := compileDocs(t, policyDoc("test", "allowPrivilegeEscalation: {}"), exceptionDoc("match: "+tt.match))
		sub := subject(newSpec())
		sub.Time = at(t, "2026-11-01T00:00:00Z")
		tt.edit(&sub)
		if got := set.Evaluate(sub, Complete).Outcome() == Allowed; got != tt.holds {
			t.Errorf("%s for %q %v: holds %v", tt.match, sub.Container.Image, sub.Container.OtherImages, got)
		}
	}
}

func TestExceptionsAreListed(t *testing.T) {
	got := compileDocs(t, policyDoc("test", "allowPrivilegeEscalation: {}"), exceptionDoc()).Exceptions()
	if len(got) != 1 || got[0].Name != "x" || got[0].Owner != "team-a@example.com" || got[0].Source != "1.yaml:1:1" ||
		got[0].Expired(at(t, "2026-12-31T23:00:00Z")) || !got[0].Expired(at(t, "2027-01-01T00:00:00Z")) {
		t.Errorf("%+v", got)
	}
}

func TestExceptionErrors(t *testing.T) {
	const all = "is missing: an exception needs policies, rules or allow, match, reason, owner and expires"
	p := policyDoc("test", "allowPrivilegeEscalation: {}")
	for exception, want := range map[string]string{
		exceptionDoc("policies: "):                     "1.yaml:5:3: spec.policies: " + all,
		exceptionDoc("policies: []"):                   "1.yaml:5:13: spec.policies: " + all,
		exceptionDoc("rules: "):                        "1.yaml:5:3: spec.rules: " + all,
		exceptionDoc("reason: "):                       "1.yaml:5:3: spec.reason: " + all,
		exceptionDoc("owner: "):                        "1.yaml:5:3: spec.owner: " + all,
		exceptionDoc("expires: "):                      "1.yaml:5:3: spec.expires: " + all,
		exceptionDoc("match: "):                        "1.yaml:5:3: spec.match: matches every container: an exception must not",
		exceptionDoc("match: {}"):                      "1.yaml:7:10: spec.match: matches every container: an exception must not",
		exceptionDoc("reason: \" \""):                  `1.yaml:8:11: spec.reason: " " is not a valid text (allowed: one line that is not blank)`,
		exceptionDoc(`owner: "a\nb"`):                  `1.yaml:9:10: spec.owner: "a\nb" is not a valid text (allowed: one line that is not blank)`,
		exceptionDoc("expires: 2026-02-30"):            `1.yaml:10:12: spec.expires: "2026-02-30" is not a date (allowed: a day such as 2027-01-31, a time such as 2027-01-31T12:00:00Z, or never)`,
		exceptionDoc("expires: 0000-12-31"):            `1.yaml:10:12: spec.expires: "0000-12-31" is not a date (allowed: a day such as 2027-01-31, a time such as 2027-01-31T12:00:00Z, or never)`,
		exceptionDoc("expires: Never"):                 `1.yaml:10:12: spec.expires: "Never" is not a date (allowed: a day such as 2027-01-31, a time such as 2027-01-31T12:00:00Z, or never)`,
		exceptionDoc("policies: [test, tenants]"):      `1.yaml:5:20: spec.policies[1]: there is no policy "tenants"`,
		exceptionDoc("policies: [\"*\"]"):              "1.yaml:5:14: spec.policies[0]: \"*\" is not a valid name (allowed: at most 253 of a-z, 0-9, '-' and '.', starting and ending with a letter or digit)",
		exceptionDoc("rules: [runAsNonRoot]"):          `1.yaml:6:11: spec.rules[0]: none of the policies has the rule "runAsNonRoot"`,
		exceptionDoc("rules: [hostPath]"):              `1.yaml:6:11: spec.rules[0]: unknown rule "hostPath" (allowed: ` + strings.Join(RuleNames(), ", ") + ")",
		exceptionDoc() + "  until: 2027-01-01\n":       `1.yaml:11:3: spec: unknown field "until" (allowed: policies, rules, allow, match, reason, owner, expires)`,
		exceptionDoc() + "---\n" + exceptionDoc():      `1.yaml:12:1: exception "x" is already defined at 1.yaml:1`,
		exceptionDoc("match: {namespaces: []}"):        "1.yaml:7:23: spec.match.namespaces: is an empty list; leave it out to match all",
		strings.Split(exceptionDoc(), "spec:")[0] + "": "1.yaml:1:1: spec.policies: " + all,
	} {
		if _, err := Compile(sources(p, exception)...); err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", exception, err, want)
		}
	}
}

// TestIfEnforced: a policy in mode audit tells what it would do, and does
// nothing.
func TestIfEnforced(t *testing.T) {
	audit := func(doc string) string { return strings.Replace(doc, "spec:\n", "spec:\n  mode: audit\n", 1) }
	for name, tt := range map[string]struct {
		docs          []string
		outcome, then Outcome
	}{
		"would deny":   {[]string{audit(policyDoc("a", "runAsNonRoot: {}"))}, Allowed, Denied},
		"would adjust": {[]string{audit(policyDoc("a", "runAsNonRoot: {onViolation: adjust}"))}, Allowed, Adjusted},
		"would allow":  {[]string{audit(policyDoc("a", "hostPaths: {}"))}, Allowed, Allowed},
		"rule audits":  {[]string{audit(policyDoc("a", "runAsNonRoot: {onViolation: audit}"))}, Allowed, Allowed},
		"together with one that adjusts": {
			[]string{audit(policyDoc("a", "runAsNonRoot: {}")), policyDoc("b", "runAsNonRoot: {onViolation: adjust}")}, Adjusted, Adjusted,
		},
		"enforced already": {[]string{policyDoc("a", "runAsNonRoot: {}")}, Denied, ""},
	} {
		t.Run(name, func(t *testing.T) {
			spec := newSpec()
			before := asJSON(spec)
			d := compileDocs(t, tt.docs...).Evaluate(subject(spec), Complete)
			if d.Outcome() != tt.outcome {
				t.Errorf("%s, want %s", d.Outcome(), tt.outcome)
			}
			switch {
			case d.IfEnforced == nil && tt.then != "":
				t.Fatal("not told")
			case d.IfEnforced != nil && d.IfEnforced.Outcome() != tt.then:
				t.Errorf("if enforced %s, want %s", d.IfEnforced.Outcome(), tt.then)
			}
			if asJSON(spec) != before {
				t.Error("the spec was edited")
			}
		})
	}
}
