package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	good := policyFile(t, "capabilities: {drop: [ALL]}", "hostNamespaces: {}")
	folder := filepath.Dir(file(t, "a.yml", strings.Replace(policyText("hostNamespaces: {}"), "name: p", "name: a", 1)))
	several := file(t, "bad.yaml", policyText("capabilities: {drop: [NET_ADMEN]}", "capabilitys: {}")+
		"---\napiVersion: v1\nkind: Policy\nmetadata: {name: q}\nspec: {profile: baseline}\n")
	syntax := file(t, "syntax.yaml", "apiVersion: specguard.dev/v1beta1\nkind: {\n")
	rules := "(allowed: " // of a list that grows with the rules only the beginning is compared
	for name, c := range map[string]struct {
		paths   []string
		code    int
		stdout  string
		lines   []string
		anyLine string // stands alone in stderr, after the place
	}{
		"a file":       {paths: []string{good}, stdout: "valid: 1 policy, 2 rules\n"},
		"a folder":     {paths: []string{folder}, stdout: "valid: 1 policy, 1 rule\n"},
		"an empty one": {paths: []string{t.TempDir()}, stdout: "valid: no policies: the agent then uses builtinPolicy of its configuration (by default profile baseline in mode audit)\n"},
		"a file that is not read": {
			paths:  []string{filepath.Dir(file(t, "tenants", policyText("hostNamespaces: {}")))},
			stdout: "valid: no policies: the agent then uses builtinPolicy of its configuration (by default profile baseline in mode audit)\n", anyLine: "/tenants: is not read: policy files end in .yaml, .yml or .json",
		},
		"exceptions": {
			paths:  []string{file(t, "x.yaml", policyText("hostNamespaces: {}")+exceptionText("old", "2020-02-28")+exceptionText("new", "2920-01-01"))},
			stdout: "valid: 1 policy, 1 rule, 2 exceptions\n", anyLine: `x.yaml:9:1: exception "old" of sre expired at 2020-02-29T00:00:00Z`,
		},
		"a path in a writable one": {
			paths:   []string{file(t, "n.yaml", policyText("hostPaths: {allowed: [{path: /run/app}, {path: /run/app/sock, readOnly: true}, {path: /run/apps}]}"))},
			stdout:  "valid: 1 policy, 1 rule\n",
			anyLine: `n.yaml:6:45: spec.rules.hostPaths.allowed[1]: policy "p" allows the host path /run/app/sock, which is in /run/app, where policy "p" lets containers write: they can replace it with a link, and then it allows nothing (make /run/app readOnly, or name a folder elsewhere)`,
		},
		"nothing there": {paths: []string{"/no/such"}, code: 1, lines: []string{"/no/such: no such file or directory"}},
		"no YAML":       {paths: []string{syntax}, code: 1, lines: []string{syntax + ":2:8: invalid YAML: "}},
		"several faults": {paths: []string{several}, code: 1, lines: []string{
			several + `:6:27: spec.rules.capabilities.drop[0]: unknown capability "NET_ADMEN" (see capabilities(7))`,
			several + `:7:5: spec.rules: unknown rule "capabilitys" ` + rules,
			several + `:10:13: apiVersion: is "v1" (allowed: specguard.dev/v1beta1)`,
		}},
		"good and bad": {paths: []string{folder, several}, code: 1, lines: []string{several + ":6:27: ", several + ":7:5: ", several + ":10:13: "}},
		"twice":        {paths: []string{folder, folder + "/a.yml"}, code: 1, lines: []string{folder + "/a.yml: is given twice"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := specguard(t, append([]string{"validate"}, c.paths...)...)
			if r.code != c.code || r.stdout != c.stdout {
				t.Errorf("%+v", r)
			}
			if c.anyLine != "" {
				if !strings.HasPrefix(r.stderr, "warning: /") || !strings.HasSuffix(r.stderr, c.anyLine+"\n") || strings.Count(r.stderr, "\n") != 1 {
					t.Errorf("stderr %s", r.stderr)
				}
				return
			}
			lines(t, r.stderr, c.lines...)
		})
	}
}

// exceptionText is a document for the policy p.
func exceptionText(name, expires string) string {
	return "---\napiVersion: specguard.dev/v1beta1\nkind: Exception\nmetadata: {name: " + name + "}\n" +
		"spec: {policies: [p], rules: [hostNamespaces], match: {namespaces: [a]}, reason: r, owner: sre, expires: " + expires + "}\n"
}

// lines compares the beginnings of lines, of which there must be no more.
func lines(t *testing.T, text string, want ...string) {
	t.Helper()
	var got []string
	for line := range strings.Lines(text) {
		got = append(got, line)
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !strings.HasPrefix(got[i], want[i]) {
			t.Fatalf("line %d of\n%s\nwant\n%q", i+1, text, want)
		}
	}
}

// TestIgnoredFiles: each command that reads a policy folder names the files that it does not read.
func TestIgnoredFiles(t *testing.T) {
	dir := filepath.Dir(file(t, "p.yaml", policyText("capabilities: {drop: [NET_ADMIN]}")))
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	warning := "warning: " + write("tenants", policyText("capabilities: {drop: [ALL]}")) + ": is not read: policy files end in .yaml, .yml or .json\n"
	tests := file(t, "x_test.yaml", "apiVersion: specguard.dev/v1beta1\nkind: PolicyTest\nmetadata: {name: s}\nspec: {policies: ["+dir+"], cases: [{name: c, given: {pod: {metadata: {namespace: a}, spec: {containers: [{name: app, image: nginx}]}}}, expect: {outcome: allowed}}]}\n")
	for _, args := range [][]string{
		{"validate", dir},
		{"check", "--policy-dir", dir, file(t, "good.json", configJSON(noCaps, inAPod))},
		{"test", tests},
	} {
		if r := specguard(t, args...); r.code != 0 || r.stderr != warning {
			t.Errorf("%v: %+v", args, r)
		}
	}
}

// TestValidateStrict: warnings fail only if they are asked to.
func TestValidateStrict(t *testing.T) {
	nested := policyFile(t, "hostPaths: {allowed: [{path: /srv}, {path: /srv/app}]}")
	expired := file(t, "x.yaml", policyText("hostNamespaces: {}")+exceptionText("old", "2020-02-28"))
	for file, code := range map[string]int{nested: 1, expired: 1, policyFile(t, "hostNamespaces: {}"): 0} {
		if r := specguard(t, "validate", "--strict", file); r.code != code || !strings.HasPrefix(r.stdout, "valid: ") {
			t.Errorf("%s: %+v", file, r)
		}
		if r := specguard(t, "validate", file); r.code != 0 {
			t.Errorf("%s: %+v", file, r)
		}
	}
}

// TestGivenTwice: of two folders of policies, none is left out without a word.
func TestGivenTwice(t *testing.T) {
	for _, flag := range []string{"policy-dir", "compare"} {
		r := specguard(t, "check", "--"+flag, "a", "--"+flag, "b", "x.yaml")
		if r.code != 1 || !strings.Contains(r.stderr, "--"+flag+`" flag: it is given twice`) {
			t.Errorf("%+v", r)
		}
	}
	if r := specguard(t, "run", "--policy-dir", "/no/a", "--policy-dir", "/no/b"); r.code != 1 || !strings.Contains(r.stderr, "given twice") {
		t.Errorf("%+v", r)
	}
}
