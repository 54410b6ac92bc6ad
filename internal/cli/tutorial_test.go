package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestFirstPolicy does what docs/first-policy.md tells a new user to do.
func TestFirstPolicy(t *testing.T) {
	dir := t.TempDir()
	named := regexp.MustCompile(`^# ((?:policies|tests)/\S+)\n`)
	var commands [][]string
	for _, b := range docs(t) {
		switch {
		case b.file != "first-policy.md":
		case b.language == "yaml":
			m := named.FindStringSubmatch(b.text)
			if m == nil {
				t.Fatalf("no file name in\n%s", b.text)
			}
			path := filepath.Join(dir, m[1])
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(b.text), 0o600); err != nil {
				t.Fatal(err)
			}
		case b.language == "sh":
			for line := range strings.Lines(b.text) {
				if args := strings.Fields(line); args[0] == "specguard" {
					commands = append(commands, args[1:])
				}
			}
		}
	}
	if len(commands) < 2 {
		t.Fatalf("commands %q", commands)
	}
	t.Chdir(dir)
	for _, args := range commands {
		if r := specguard(t, args...); r.code != 0 || r.stderr != "" {
			t.Errorf("%q: %+v", args, r)
		}
	}
}

// TestTestingPage runs the test of docs/testing.md with the policy of the README.
func TestTestingPage(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"policies/p.yaml": documented(t, "README.md", "metadata: {name: tenants}"),
		"tests/legacy.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: old, namespace: team-a}\n" +
			"spec: {volumes: [{name: e, hostPath: {path: /etc}}], containers: [{name: app, image: a, volumeMounts: [{name: e, mountPath: /e}]}]}\n",
	} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, b := range docs(t) {
		if b.file == "testing.md" && b.language == "yaml" {
			if err := os.WriteFile(filepath.Join(dir, "tests/page_test.yaml"), []byte(b.text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Chdir(dir)
	for _, args := range [][]string{{"test", "tests"}, {"test", "--run", "tenants/root", "--junit", "report.xml", "tests"}} {
		if r := specguard(t, args...); r.code != 0 {
			t.Errorf("%q: %+v", args, r)
		}
	}
}

// TestExamples tests the policies of docs/examples.
func TestExamples(t *testing.T) {
	r := specguard(t, "test", "../../docs/examples")
	if r.code != 0 {
		t.Errorf("%s%s", r.stdout, r.stderr)
	}
	policies, _ := filepath.Glob("../../docs/examples/policies/*.yaml")
	for _, p := range policies {
		test := strings.Replace(strings.TrimSuffix(p, ".yaml")+"_test.yaml", "policies", "tests", 1)
		if _, err := os.Stat(test); err != nil {
			t.Error(err)
		}
		if r := specguard(t, "validate", p); r.code != 0 {
			t.Errorf("%+v", r)
		}
	}
	if len(policies) < 9 {
		t.Errorf("%d examples", len(policies))
	}
}
