package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"pgregory.net/rapid"
)

func TestCustom(t *testing.T) {
	const rule = `custom: {validations: [
      {name: no-terminal, message: terminals are not allowed, expression: '!spec.process.terminal'},
      {name: limited, message: a memory limit of at most 1 GiB is needed, expression: 'spec.linux.resources.memory.limit <= 1024 * 1024 * 1024'},
      {name: team, message: the pod needs the label team, expression: 'pod.labels.team != ""'}]}`
	limit := func(n int64) option {
		return func(s *specs.Spec) { s.Linux.Resources.Memory.Limit = &n }
	}
	for name, tt := range map[string]struct {
		spec *specs.Spec
		team string
		want []string
	}{
		"complies":  {newSpec(limit(1 << 30)), "a", nil},
		"terminal":  {newSpec(limit(1), func(s *specs.Spec) { s.Process.Terminal = true }), "a", []string{"custom: no-terminal: terminals are not allowed"}},
		"too much":  {newSpec(limit(1<<30 + 1)), "a", []string{"custom: limited: a memory limit of at most 1 GiB is needed"}},
		"unlimited": {newSpec(), "a", []string{"custom: limited: a memory limit of at most 1 GiB is needed (cannot be evaluated: limit is not there)"}},
		"no label":  {newSpec(limit(1)), "", []string{"custom: team: the pod needs the label team (cannot be evaluated: a key does not exist)"}},
		"empty": {&specs.Spec{}, "a", []string{
			"custom: no-terminal: terminals are not allowed (cannot be evaluated: terminal is not there)",
			"custom: limited: a memory limit of at most 1 GiB is needed (cannot be evaluated: resources is not there)",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			sub := subject(tt.spec)
			if tt.team != "" {
				sub.Pod.Labels = map[string]string{"team": tt.team}
			}
			set := compileDocs(t, policyDoc("test", rule))
			if got := findings(set.Evaluate(sub, Complete)); !slices.Equal(got, tt.want) {
				t.Errorf("\n got %q\nwant %q", got, tt.want)
			}
			if early := set.Evaluate(sub, Partial); early.Outcome() != Allowed {
				t.Errorf("judged before the spec is known: %v", findings(early))
			}
		})
	}
}

// TestCustomExamples: the examples in the comment of Custom.
func TestCustomExamples(t *testing.T) {
	db := func(s *Subject) { s.Container.Image = "registry.example.com/db/mysql:9" }
	swap := func(s *Subject) {
		s.Spec.Linux.Resources.Memory = &specs.LinuxMemory{Limit: new(int64(1 << 20)), Swap: new(int64(1 << 20))}
	}
	for _, tt := range []struct {
		expression string
		edit       func(s *Subject)
		want       bool
	}{
		{`!spec.process.terminal || pod.namespace == "debug"`, func(*Subject) {}, true},
		{`!spec.process.terminal || pod.namespace == "debug"`, func(s *Subject) { s.Spec.Process.Terminal = true }, false},
		{`!spec.process.terminal || pod.namespace == "debug"`, func(s *Subject) { s.Spec.Process.Terminal, s.Pod.Namespace = true, "debug" }, true},
		{`container.image.startsWith("registry.example.com/db/") == (spec.process.user.uid == 999)`, func(*Subject) {}, true},
		{`container.image.startsWith("registry.example.com/db/") == (spec.process.user.uid == 999)`, db, false},
		{`container.image.startsWith("registry.example.com/db/") == (spec.process.user.uid == 999)`, func(s *Subject) { db(s); withUser(999, 999)(s.Spec) }, true},
		{`has(spec.linux.resources.memory.swap) && spec.linux.resources.memory.swap == spec.linux.resources.memory.limit`, func(*Subject) {}, false},
		{`has(spec.linux.resources.memory.swap) && spec.linux.resources.memory.swap == spec.linux.resources.memory.limit`, swap, true},
	} {
		sub := subject(newSpec())
		tt.edit(&sub)
		if d := compileDocs(t, policyDoc("test", customRule(tt.expression))).Evaluate(sub, Complete); (d.Outcome() == Allowed) != tt.want {
			t.Errorf("%s: %s %v", tt.expression, d.Outcome(), findings(d))
		}
	}
}

// TestCustomKeepsSecrets: whatever becomes of an expression, nothing of what it
// read is told.
func TestCustomKeepsSecrets(t *testing.T) {
	for _, expression := range []string{
		"spec.process.env.all(e, int(e) == 1)",
		"spec.process.env.all(e, pod.labels[e] == e)",
		"{'a': 1}[spec.process.env[1]] == 1",
		"spec.process.env.all(e, timestamp(e) == timestamp(e))",
		"spec.process.env.all(e, duration(e) == duration(e))",
		"spec.process.env.all(e, e.matches('(' + e))",
		"spec.process.env.all(e, dyn(e).foo == 1)",
		"spec.process.env.all(e, dyn(spec)[e] == 1)",
		"spec.process.env.all(e, e.charAt(100) == '')",
		"spec.process.env.all(e, ('%' + e).format([e]) == '')",
		"spec.process.env.all(e, [e][1] == '')",
		"spec.process.env.all(e, dyn(e) + 1 == 2)",
		"lists.range(1000).all(i, spec.process.env.all(e, lists.range(1000).all(j, i + j < 2000 && e != '')))",
		"spec.process.env.all(e, e == '')",
	} {
		d := decide(t, newSpec(), customRule(expression))
		if len(d.Violations) != 1 {
			t.Errorf("%s: %v", expression, findings(d))
		}
		for _, f := range findings(d) {
			if strings.Contains(f, "PATH") || strings.Contains(f, "TOKEN") || strings.Contains(f, "printed") || !strings.HasPrefix(f, "custom: v: is wrong") {
				t.Errorf("%s: %s", expression, f)
			}
		}
	}
}

func TestCustomLoad(t *testing.T) {
	for rule, want := range map[string]string{
		"{}":                           "6:13: spec.rules.custom.validations: is missing or empty: the rule would check nothing",
		"{validations: []}":            "6:27: spec.rules.custom.validations: is missing or empty: the rule would check nothing",
		"{validations: [{}]}":          "6:28: spec.rules.custom.validations[0].name: is missing",
		"{validations: [{name: A b}]}": `6:35: spec.rules.custom.validations[0].name: "A b" is not a valid name (allowed: at most 253 of a-z, 0-9, '-' and '.', starting and ending with a letter or digit)`,
		"{validations: [{name: a}]}":   "6:28: spec.rules.custom.validations[0].expression: is missing",
		"{validations: [{name: a, expression: pod.name == ''}]}":                                                                "6:28: spec.rules.custom.validations[0].message: is missing: it says what is wrong if the expression is not true",
		`{validations: [{name: a, expression: pod.name == '', message: " "}]}`:                                                  `6:75: spec.rules.custom.validations[0].message: " " is not a valid text (allowed: one line that is not blank)`,
		"{validations: [{name: a, message: b, expression: !pod.x }]}":                                                           "6:62: spec.rules.custom.validations[0].expression: must be plain, not tagged !pod.x (quote it)",
		"{validations: [{name: a, message: b, expression: [a]}]}":                                                               "6:62: spec.rules.custom.validations[0].expression: must be a single value, not a list",
		"{validations: [{name: a, message: b, expression: pod.name == ''}, {name: a, message: c, expression: pod.name != ''}]}": `6:27: spec.rules.custom.validations: has two entries with the name "a"`,
		"{onViolation: adjust, validations: [{name: a, message: b, expression: pod.name == ''}]}":                               "6:27: spec.rules.custom.onViolation: this rule cannot adjust (allowed: reject, audit, ignore)",
		"{onViolation: ignore, validations: [{name: a, message: b, expression: pod.nam == ''}]}":                                "6:83: spec.rules.custom.validations[0].expression: column 4: undefined field 'nam'",
		"{validations: [{name: a, message: b, expression: foo}, {name: b, message: b, expression: bar}]}": "6:62: spec.rules.custom.validations[0].expression: column 1: undeclared reference to 'foo'\n" +
			"0.yaml:6:102: spec.rules.custom.validations[1].expression: column 1: undeclared reference to 'bar'",
	} {
		if got := loadError("custom: " + rule); got != "0.yaml:"+want {
			t.Errorf("%s\n got %s\nwant %s", rule, got, "0.yaml:"+want)
		}
	}
}

func drawCustom(t *rapid.T, _ Action) []string {
	var out []string
	for i, e := range append(some(t, "expression",
		`!has(spec.linux.seccomp) || spec.linux.seccomp.defaultAction != "SCMP_ACT_ALLOW"`,
		`spec.linux.resources.memory.limit <= 67108864`,
		`spec.process.capabilities.bounding.all(c, c != "CAP_SYS_ADMIN")`,
		`spec.mounts.exists(m, m.destination == "/tmp")`,
		`container.image.startsWith("registry.") && pod.labels.tier == "web"`,
	), `spec.process.user.uid != 5`) {
		out = append(out, fmt.Sprintf(`{name: v%d, message: is wrong, expression: '%s'%s}`, i, e, pick(t, "moment", "", "", ", on: request", ", on: result")))
	}
	return []string{"validations: " + flow(out...)}
}
