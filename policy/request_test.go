package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func TestRefuse(t *testing.T) {
	const adjust = "capabilities: {onViolation: adjust, drop: [ALL], "
	none := func(s *specs.Spec) { s.Process.Capabilities = nil }
	ambient := func(s *specs.Spec) { s.Process.Capabilities.Ambient = []string{"CAP_NET_ADMIN"} }
	for _, tt := range []struct {
		rule string
		spec *specs.Spec
		want []string // violations
	}{
		{adjust + "refuse: [NET_ADMIN]}", newSpec(), nil},
		{adjust + "refuse: [NET_ADMIN]}", newSpec(withCaps("CAP_SYS_TIME")), nil},
		{adjust + "refuse: [net_admin]}", newSpec(withCaps("CAP_NET_ADMIN")), []string{"capabilities: NET_ADMIN refused (allowed: all but NET_ADMIN)"}},
		{adjust + "refuse: [NET_ADMIN]}", newSpec(ambient), []string{"capabilities: NET_ADMIN refused (allowed: all but NET_ADMIN)"}},
		{adjust + "refuse: [NET_ADMIN]}", newSpec(none), []string{"capabilities: all capabilities refused: the spec has no process.capabilities (allowed: all but NET_ADMIN)"}},
		{adjust + "refuse: [NET_ADMIN]}", newSpec(withCaps("net_admin")), []string{`capabilities: "net_admin" (not a known capability) refused (allowed: all but NET_ADMIN)`}},
		{adjust + "refuse: [NET_ADMIN]}", newSpec(withCaps("12")), []string{`capabilities: "12" (not a known capability) refused (allowed: all but NET_ADMIN)`}},
		{adjust + "refuse: [ADDED]}", newSpec(), nil},
		{adjust + "refuse: [ADDED]}", newSpec(withCaps("CAP_SYS_TIME", "CAP_BPF")), []string{"capabilities: BPF, SYS_TIME refused (allowed: what container runtimes give by default)"}},
		{adjust + "allow: [BPF], refuse: [ADDED, NET_RAW]}", newSpec(withCaps("CAP_BPF")), []string{"capabilities: NET_RAW refused (allowed: what container runtimes give by default, and BPF but NET_RAW)"}},
		{adjust + "allow: [BPF], refuse: [added]}", newSpec(withCaps("CAP_BPF")), nil},
		{adjust + "refuse: [ADDED]}", newSpec(withCaps("CAP_UNHEARD_OF")), []string{`capabilities: "CAP_UNHEARD_OF" (not a known capability) refused (allowed: what container runtimes give by default)`}},
		{"capabilities: {refuse: [NET_RAW]}", newSpec(), []string{"capabilities: NET_RAW refused (allowed: all but NET_RAW)"}},
		{"capabilities: {on: request, drop: [NET_RAW], refuse: [BPF]}", newSpec(), []string{"capabilities: NET_RAW not allowed (allowed: all but NET_RAW)"}},
	} {
		d := compileDocs(t, policyDoc("test", tt.rule)).Evaluate(subject(tt.spec), Complete)
		if got := findings(d); !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n got %q\nwant %q", tt.rule, got, tt.want)
		}
		if tt.want == nil && d.Outcome() != Adjusted {
			t.Errorf("%s: %s", tt.rule, d.Outcome())
		}
	}
	audit := compileDocs(t, policyDoc("test", "capabilities: {onViolation: audit, refuse: [NET_RAW]}")).Evaluate(subject(newSpec()), Complete)
	if audit.Outcome() != Allowed || len(audit.Audit) != 1 {
		t.Errorf("%s %v", audit.Outcome(), audit.Audit)
	}
}

const (
	adjustsUser = "runAsNonRoot: {onViolation: adjust, runAsUser: 1000}"
	notThousand = "{name: asks, expression: 'spec.process.user.uid != 1000', message: asks for 1000"
)

// TestOnRequest: what adjusting does is neither seen nor needed by a rule on request.
func TestOnRequest(t *testing.T) {
	for _, tt := range []struct {
		name  string
		rules []string
		uid   uint32
		want  Outcome
	}{
		{"result", []string{adjustsUser, "custom: {validations: [" + notThousand + "}]}"}, 0, Denied},
		{"request", []string{adjustsUser, "custom: {on: request, validations: [" + notThousand + "}]}"}, 0, Adjusted},
		{"request, asked for", []string{adjustsUser, "custom: {on: request, validations: [" + notThousand + "}]}"}, 1000, Denied},
		{"validation on request", []string{adjustsUser, "custom: {validations: [" + notThousand + ", on: request}]}"}, 0, Adjusted},
		{"validation on result", []string{adjustsUser, "custom: {on: request, validations: [" + notThousand + ", on: result}]}"}, 0, Denied},
		{"both", []string{adjustsUser, "custom: {on: request, validations: [" + notThousand + "}, {name: b, on: result, expression: 'spec.process.user.uid == 1000', message: b}]}"}, 0, Adjusted},
		{"a rule", []string{adjustsUser, "readOnlyRootFilesystem: {on: request}"}, 0, Denied},
		{"a rule on result", []string{adjustsUser, "readOnlyRootFilesystem: {on: result}"}, 0, Denied},
	} {
		sub := subject(newSpec(withUser(tt.uid, 0)))
		if d := compileDocs(t, policyDoc("test", tt.rules...)).Evaluate(sub, Complete); d.Outcome() != tt.want {
			t.Errorf("%s: %s", tt.name, d.Outcome()+" "+Outcome(d.Message()))
		}
	}
}

// TestOnRequestOfOthers: one policy adjusts what another refuses.
func TestOnRequestOfOthers(t *testing.T) {
	adjusts := policyDoc("a", "readOnlyRootFilesystem: {onViolation: adjust}")
	for on, want := range map[string]Outcome{"request": Denied, "result": Adjusted} {
		set := compileDocs(t, adjusts, policyDoc("b", "readOnlyRootFilesystem: {on: "+on+"}"))
		if d := set.Evaluate(subject(newSpec()), Complete); d.Outcome() != want {
			t.Errorf("%s: %s", on, d.Outcome())
		}
	}
}

// TestRequestJudged: what was judged as it came is not judged so again, but for what
// adjusting cannot bring about.
func TestRequestJudged(t *testing.T) {
	set := compileDocs(t, policyDoc("test", adjustsUser, "custom: {on: request, validations: ["+notThousand+"}]}", "capabilities: {refuse: [NET_ADMIN]}"))
	sub := subject(newSpec())
	d := set.Evaluate(sub, Complete)
	sub.Spec = d.Spec
	if again := set.Evaluate(sub, Fixed); again.Outcome() != Denied {
		t.Errorf("as if it came so: %s", again.Outcome())
	}
	sub.RequestJudged = true
	if again := set.Evaluate(sub, Fixed); again.Outcome() != Allowed {
		t.Errorf("judged before: %s", again.Message())
	}
	withCaps("CAP_NET_ADMIN")(sub.Spec)
	if again := set.Evaluate(sub, Fixed); again.Outcome() != Denied {
		t.Errorf("a capability that was not there: %s", again.Outcome())
	}
}

// TestAwaitsSpec: nothing is adjusted early that a rule in force is to see as it came.
func TestAwaitsSpec(t *testing.T) {
	for rule, want := range map[string]bool{
		"custom: {validations: [" + notThousand + "}]}":                                  false,
		"custom: {on: request, validations: [" + notThousand + "}]}":                     true,
		"custom: {validations: [" + notThousand + ", on: request}]}":                     true,
		"custom: {on: request, onViolation: audit, validations: [" + notThousand + "}]}": false,
		"capabilities: {refuse: [NET_ADMIN]}":                                            false, // nothing adjusts them early
		"readOnlyRootFilesystem: {on: request}":                                          true,
		"hostPaths: {on: request}":                                                       false, // decides early
	} {
		set := compileDocs(t, policyDoc("test", rule, "mountOptions: {onViolation: adjust, require: [{paths: [/dev/shm], options: [noexec]}]}"))
		d := set.Evaluate(subject(newSpec()), Partial)
		if d.AwaitsSpec != want || d.Outcome() != Adjusted {
			t.Errorf("%s: %v %s", rule, d.AwaitsSpec, d.Outcome())
		}
	}
	byImage := strings.Replace(policyDoc("test", "hostPaths: {on: request}"), "spec:\n", "spec:\n  match: {images: [a]}\n", 1)
	sub := subject(newSpec())
	sub.Container.Image = ""
	if d := compileDocs(t, byImage).Evaluate(sub, Partial); !d.AwaitsSpec {
		t.Error("the policy may match")
	}
}

// TestAdjustsOnce: a policy or an exception that selects by image adjusts or excuses nothing for
// good before the image is known; in the end, what it would have adjusted is denied.
func TestAdjustsOnce(t *testing.T) {
	const noexec = "mountOptions: {onViolation: adjust, require: [{paths: [/dev/shm], options: [noexec]}]}"
	byImage := strings.Replace(policyDoc("by-image", noexec), "spec:\n", "spec:\n  match: {images: [a]}\n", 1)
	excepted := exceptionDoc("rules: [mountOptions]", "match: {namespaces: [team-a], images: [a]}")
	for _, tt := range []struct {
		name       string
		docs       []string
		image      string // known early
		adjustable bool
		early      Outcome
		fixed      map[string]Outcome // by the image that it turns out to be
	}{
		{"a policy", []string{byImage}, "", true, Adjusted, nil},
		{"a policy, once", []string{byImage}, "", false, Allowed, map[string]Outcome{"a": Denied, "b": Allowed}},
		{"a policy, once, known", []string{byImage}, "a", false, Adjusted, map[string]Outcome{"a": Allowed}},
		{"an exception", []string{policyDoc("test", noexec), excepted}, "", true, Adjusted, nil},
		{"an exception, once", []string{policyDoc("test", noexec), excepted}, "", false, Allowed, map[string]Outcome{"a": Allowed, "b": Denied}},
		{"an exception, once, known", []string{policyDoc("test", noexec), excepted}, "b", false, Adjusted, map[string]Outcome{"b": Allowed}},
	} {
		set := compileDocs(t, tt.docs...)
		sub := subject(newSpec())
		sub.Pod.Namespace, sub.Container.Image, sub.Container.OtherImages, sub.AdjustsOnce = "team-a", tt.image, nil, !tt.adjustable
		early := set.Evaluate(sub, Partial)
		if early.Outcome() != tt.early {
			t.Errorf("%s: %s", tt.name, early.Outcome())
		}
		for image, want := range tt.fixed {
			sub.Spec, sub.Container.Image = early.Spec, image
			if d := set.Evaluate(sub, Fixed); d.Outcome() != want {
				t.Errorf("%s that turns out to be %s: %s %s", tt.name, image, d.Outcome(), d.Message())
			}
		}
	}
}

// TestExcusedEarly: while a rule cannot be decided, nothing is reported of it, not even that an
// exception excuses from it.
func TestExcusedEarly(t *testing.T) {
	set := compileDocs(t, policyDoc("test", "seccompProfile: {onViolation: adjust}"), exceptionDoc("rules: [seccompProfile]"))
	sub := subject(newSpec())
	sub.Pod.Namespace, sub.ShowsMore, sub.Time = "team-a", true, at(t, "2026-11-01T00:00:00Z")
	sub.Spec.Linux.Seccomp = nil
	if d := set.Evaluate(sub, Partial); len(d.Excepted) > 0 || d.Outcome() != Allowed {
		t.Errorf("early: %s %v", d.Outcome(), d.Excepted)
	}
	if d := set.Evaluate(sub, Complete); len(d.Excepted) != 1 || d.Outcome() != Allowed {
		t.Errorf("in the end: %s %v", d.Outcome(), d.Excepted)
	}
}
