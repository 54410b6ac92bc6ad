package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"pgregory.net/rapid"
)

func withEnv(entries ...string) option {
	return func(s *specs.Spec) { s.Process.Env = append(s.Process.Env, entries...) }
}

func TestEnv(t *testing.T) {
	const secret = "hunter2"
	for name, tt := range map[string]struct {
		rule  string
		env   []string
		found string
		left  []string
	}{
		"nothing there": {`forbid: [LD_PRELOAD]`, []string{"A=" + secret}, "", []string{"A=" + secret}},
		"one":           {`forbid: [LD_PRELOAD]`, []string{"LD_PRELOAD=" + secret, "A=1"}, "LD_PRELOAD", []string{"A=1"}},
		"pattern":       {`forbid: ["LD_*"]`, []string{"LD_PRELOAD=" + secret, "LD_AUDIT=", "OLD_X=1"}, "LD_PRELOAD, LD_AUDIT", []string{"OLD_X=1"}},
		"excluded":      {`forbid: ["LD_*"], allow: [LD_LIBRARY_PATH]`, []string{"LD_LIBRARY_PATH=/a", "LD_AUDIT=x"}, "LD_AUDIT", []string{"LD_LIBRARY_PATH=/a"}},
		"twice":         {`forbid: [A]`, []string{"A=1", "B=2", "A=" + secret}, "A", []string{"B=2"}},
		"case":          {`forbid: [LD_PRELOAD]`, []string{"ld_preload=x"}, "", []string{"ld_preload=x"}},
		"in the value":  {`forbid: [LD_PRELOAD]`, []string{"A=LD_PRELOAD=x"}, "", []string{"A=LD_PRELOAD=x"}},
		"with a slash":  {`forbid: ["LD_*"]`, []string{"LD_/x=1"}, "LD_/x", nil},
		"that slash":    {`forbid: ["A?B"]`, []string{"A/B=1", "A//B=1"}, "A/B", []string{"A//B=1"}},
		"not by a slash": {
			`forbid: ["*"], allow: [PATH, TOKEN, LD_X]`, []string{"LD/X=1", "LD_X=1"}, "LD/X", []string{"LD_X=1"},
		},
		"without =": {
			`forbid: ["*"], allow: [PATH, TOKEN]`, []string{secret, "PATH=/x", "PATH"}, "(an entry without =)", []string{"PATH=/x", "PATH"},
		},
		"a name alone": {`forbid: [LD_PRELOAD]`, []string{"LD_PRELOAD", "LD_PRELOAD=" + secret}, "(an entry without =), LD_PRELOAD", nil},
		"without a name": {
			`forbid: ["*"], allow: [PATH, TOKEN]`, []string{"=" + secret, "=LD_PRELOAD=" + secret}, "(an entry without a name)", nil,
		},
		"long": {`forbid: ["X*"]`, []string{strings.Repeat("X", 1000) + "=1"}, strings.Repeat("X", 64) + "...", nil},
		"many": {
			`forbid: ["X*"]`, []string{"X1=", "X2=", "X3=", "X4=", "X5=", "X6=", "X7=", "X8="}, "X1, X2, X3, X4, X5, X6 and 2 more", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			spec := newSpec(withEnv(tt.env...))
			before := len(spec.Process.Env) - len(tt.env)
			d := decide(t, spec, "env: {"+tt.rule+"}")
			var want []string
			if tt.found != "" {
				want = []string{"env: environment variables " + tt.found + " not allowed"}
			}
			if got := findings(d); !slices.Equal(got, want) {
				t.Errorf("found %q, want %q", got, want)
			}
			adjusted := decide(t, spec, "env: {onViolation: adjust, "+tt.rule+"}")
			if got := adjusted.Spec.Process.Env[before:]; !slices.Equal(got, tt.left) {
				t.Errorf("left %q, want %q", got, tt.left)
			}
			if said := fmt.Sprint(d.Message(), findings(d), changes(adjusted)); strings.Contains(said, secret) {
				t.Errorf("a value is shown: %s", said)
			}
		})
	}
}

func TestEnvErrors(t *testing.T) {
	for rule, want := range map[string]string{
		"env: {}":                          "0.yaml:6:10: spec.rules.env.forbid: is missing or empty",
		"env: {allow: [A]}":                "0.yaml:6:10: spec.rules.env.forbid: is missing or empty",
		"env: {forbid: []}":                "0.yaml:6:19: spec.rules.env.forbid: is missing or empty",
		`env: {forbid: [""]}`:              `0.yaml:6:19: spec.rules.env.forbid: "" is not a pattern of names (allowed: a pattern such as LD_PRELOAD, LD_*; write ? for a slash)`,
		"env: {forbid: [A/B]}":             `0.yaml:6:19: spec.rules.env.forbid: "A/B" is not a pattern of names (allowed: a pattern such as LD_PRELOAD, LD_*; write ? for a slash)`,
		"env: {forbid: [A], allow: [A=x]}": `0.yaml:6:31: spec.rules.env.allow: "A=x" is not a pattern of names (allowed: a pattern such as LD_PRELOAD, LD_*; write ? for a slash)`,
		"env: {onViolation: ignore}":       "",
	} {
		if got := loadError(rule, "allowPrivilegeEscalation: {}"); got != want {
			t.Errorf("%s: %s, want %s", rule, got, want)
		}
	}
}

func drawEnv(t *rapid.T, _ Action) []string {
	return append(some(t, "field", "allow: "+flow(some(t, "allow", "LD_LIBRARY_PATH", "PATH")...)),
		"forbid: "+pick(t, "forbid", `["LD_*"]`, `[TOKEN]`, `["**"]`))
}

func drawEnvEdit(t *rapid.T) option {
	return withEnv(some(t, "entries", "LD_PRELOAD=/x.so", "LD_LIBRARY_PATH=/lib", "odd", "=", "=x", "LD_/=1", "LD_PRELOAD", "LD_PRELOAD=again", "HOME=", "HOME=/root", "HOME=/x")...)
}
