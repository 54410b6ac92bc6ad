package doctor

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/specguard/specguard/policy"
)

func TestAgent(t *testing.T) {
	answer := func(code int, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/readyz" {
				code = http.StatusNotFound
			}
			http.Error(w, body, code)
		}))
		t.Cleanup(s.Close)
		return strings.TrimPrefix(s.URL, "http://")
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	for name, test := range map[string]struct {
		address string
		want    want
	}{
		"ready":       {answer(http.StatusOK, "ok"), want{OK, "ready at"}},
		"not ready":   {answer(http.StatusServiceUnavailable, "not connected to NRI\ncontainerd does not answer"), want{Problem, "not connected to NRI\ncontainerd does"}},
		"not running": {strings.TrimPrefix(gone.URL, "http://"), want{Warning, "refused"}},
		"no address":  {"", want{Warning, "cannot check whether an agent runs"}},
		"bad address": {"a b", want{Problem, "HOST:PORT"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := fake(t, nil)
			n.HTTP = test.address
			expect(t, run(t, checkAgent, n), test.want)
		})
	}
}

func TestPolicies(t *testing.T) {
	compiled := func(text string) func() (*policy.Set, error) {
		return func() (*policy.Set, error) { return policy.Compile(policy.Source{Name: "p.yaml", Data: []byte(text)}) }
	}
	const valid = "apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: p}\nspec: {match: {namespaces: [a]}, rules: {privileged: {}}}\n"
	const exception = "---\napiVersion: specguard.dev/v1beta1\nkind: Exception\nmetadata: {name: x}\nspec:\n  owner: me\n  reason: because\n" +
		"  expires: 2020-01-01\n  policies: [p]\n  rules: [privileged]\n  match: {namespaces: [a]}\n"
	for name, test := range map[string]struct {
		policies func() (*policy.Set, error)
		want     []want
	}{
		"valid":   {compiled(valid), []want{{OK, "1 in force: p"}}},
		"expired": {compiled(valid + exception), []want{{OK, "1 in force"}, {Warning, `exception "x" of me ended`}}},
		"nested": {
			compiled(strings.ReplaceAll(valid, "privileged: {}", "hostPaths: {allowed: [{path: /srv}, {path: /srv/app/x, readOnly: true}]}")),
			[]want{{OK, "1 in force"}, {Warning, `policy "p" allows the host path /srv/app/x, which is in /srv, where policy "p" lets containers write`}},
		},
		"seccomp profiles": {
			compiled(strings.ReplaceAll(valid, "privileged: {}", "seccompProfile: {allowed: [RuntimeDefault, Localhost/good.json, Localhost/bad.json, 'Localhost/*'], onViolation: adjust, apply: Localhost/gone.json}")),
			[]want{
				{OK, "1 in force"},
				{Problem, `policy "p" names the seccomp profile Localhost/gone.json, which cannot be used on this node: seccomp profile: stat /profiles/gone.json: no such file`},
				{Problem, "Localhost/bad.json, which cannot be used on this node: the seccomp profile blocks nothing"},
			},
		},
		"invalid": {compiled(strings.ReplaceAll(valid, "privileged", "privilegd")), []want{{Problem, "p.yaml:4:42"}}},
		"built in": {policy.DefaultBuiltin().Compile, []want{
			{Warning, "the built-in policy builtin-baseline reports only: nothing is denied or adjusted"},
		}},
		"built in, enforced": {policy.Builtin{Profile: "baseline", Mode: policy.ModeEnforce}.Compile, []want{
			{Warning, "the built-in policy builtin-baseline denies containers"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			n := fake(t, tree{
				"profiles/good.json": `{"defaultAction": "SCMP_ACT_ERRNO"}`, "profiles/bad.json": `{"defaultAction": "SCMP_ACT_ALLOW"}`,
			})
			n.Policies, n.host = test.policies, n.host.WithSeccompDir("/profiles")
			expect(t, run(t, checkPolicies, n), test.want...)
		})
	}
}

// TestExamineNamesEveryCheck runs all checks on a node where nothing is.
func TestExamineNamesEveryCheck(t *testing.T) {
	n := fake(t, nil)
	findings := Examine(t.Context(), inspected(t, n))
	if len(findings) < 10 || Ready(findings) || !Ready(nil) {
		t.Errorf("%+v", findings)
	}
	names := make(map[string]bool)
	for _, c := range checks() {
		names[c.name] = true
	}
	for _, f := range findings {
		if !names[f.Check] || f.Found == "" || strings.Contains(f.Found, "\n") {
			t.Errorf("%+v", f)
		}
	}
}
