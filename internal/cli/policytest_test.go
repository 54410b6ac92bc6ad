package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// testsOf writes a policy and a test with those expectations of its only
// container, which has a secret, and returns their folder.
func testsOf(t *testing.T, expectations ...string) string {
	t.Helper()
	dir := filepath.Dir(file(t, "p.yaml", policyText("readOnlyRootFilesystem: {onViolation: adjust}", "hostPorts: {onViolation: audit}")))
	text := "apiVersion: specguard.dev/v1beta1\nkind: PolicyTest\nmetadata: {name: s}\nspec:\n  policies: [p.yaml]\n  cases:\n"
	for i, e := range expectations {
		text += "    - name: case " + string(rune('1'+i)) + "\n      given: {pod: {spec: {containers: [{name: app, image: web, args: [" + secret +
			"], env: [{name: A, value: " + secret + "}]}]}}}\n      expect: {" + e + "}\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "s_test.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTest(t *testing.T) {
	const adjusted, denied = "outcome: adjusted", "outcome: denied"
	const decision = "    the decision: adjusted\n      adjusted by p: readOnlyRootFilesystem: made the root filesystem read-only\n"
	for name, c := range map[string]struct {
		expectations, args []string
		code               int
		stdout             string // after the name of the file
	}{
		"passes":  {[]string{adjusted}, nil, 0, "ok    s_test.yaml (1 case)\npassed: 1 case\n"},
		"verbose": {[]string{adjusted, adjusted}, []string{"-v"}, 0, "ok    s_test.yaml (2 cases)\n  pass s/case 1\n  pass s/case 2\npassed: 2 cases\n"},
		"fails": {[]string{adjusted, denied + ", violations: [{rule: hostPaths}]"}, nil, 1, "FAIL  s_test.yaml (1 of 2 cases)\n" +
			"  FAIL s/case 2 (line 10; - expected, + got)\n    outcome\n      - denied\n      + adjusted\n    violations\n      - {rule: \"hostPaths\"}\n" + decision +
			"FAILED: 1 of 2 cases\n"},
		"secrets": {[]string{adjusted + ", spec: {process: {env: [A=" + secret + "], args: []}}"}, nil, 1, "FAIL  s_test.yaml (1 of 1 case)\n" +
			"  FAIL s/case 1 (line 7; - expected, + got)\n    spec.process.args\n      - (not shown)\n      + (not shown)\n    spec.process.env\n      - (not shown)\n      + (not shown)\n" +
			decision + "FAILED: 1 of 1 case\n"},
		"only":    {[]string{adjusted, denied}, []string{"--run", "^s/case 1"}, 0, "ok    s_test.yaml (1 case)\npassed: 1 case\n"},
		"none":    {[]string{adjusted}, []string{"--run", "other"}, 1, "FAILED: no case has that name\n"},
		"colored": {[]string{adjusted}, []string{"--color", "always"}, 0, "\x1b[32mok    s_test.yaml (1 case)\x1b[0m\n\x1b[1;32mpassed: 1 case\x1b[0m\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := testsOf(t, c.expectations...)
			r := specguard(t, append([]string{"test", dir}, c.args...)...)
			r.stdout = strings.ReplaceAll(r.stdout, dir+"/", "")
			r.expect(t, c.code, c.stdout, "")
		})
	}
}

// TestTestErrors: what cannot be run fails, and the rest is run.
func TestTestErrors(t *testing.T) {
	good := testsOf(t, "outcome: adjusted")
	bad := file(t, "x_test.yaml", "apiVersion: specguard.dev/v1beta1\nkind: PolicyTest\nmetadata: {name: s}\nspec: {policies: [none], cases: [{name: c, given: {file: no}, expect: {outcome: denied}}]}\n")
	r := specguard(t, "test", good, bad)
	r.expect(t, 1, "ok    "+good+"/s_test.yaml (1 case)\nERROR "+bad+"\nFAILED: 0 of 1 case, 1 file not run\n",
		filepath.Dir(bad)+"/none: no such file or directory\n"+bad+":4:41: spec.cases[0].given: no: no such file or directory\n")

	empty := t.TempDir()
	specguard(t, "test", good, empty).expect(t, 1, "", empty+": no tests: no file ends in _test.yaml or _test.yml\n")
	specguard(t, "test", "--run", "[", good).expect(t, 1, "", "run: error parsing regexp: missing closing ]: `[`\n")
	specguard(t, "test", "--color", "x", good).expect(t, 1, "", "color \"x\" is not one of auto, always, never\n")
	specguard(t, "test").expect(t, 1, "", "specguard test needs a PATH: see specguard test --help\n")
}

func TestTestJUnit(t *testing.T) {
	dir := testsOf(t, "outcome: adjusted", "outcome: denied")
	report := filepath.Join(t.TempDir(), "junit.xml")
	if r := specguard(t, "test", "--junit", report, dir); r.code != 1 || r.stderr != "" {
		t.Errorf("%+v", r)
	}
	data, err := os.ReadFile(report)
	if err != nil || !strings.Contains(string(data), `<testsuites tests="2" failures="1" errors="0" time="`) || !strings.Contains(string(data), `<testcase classname="s" name="case 2" file="`+dir+`/s_test.yaml" line="10" time="`) {
		t.Errorf("%s, error %v", data, err)
	}
	specguard(t, "test", "--junit", "/no/such/file", dir, "--run", "case 1").expect(t, 1, "ok    "+dir+"/s_test.yaml (1 case)\npassed: 1 case\n", "open /no/such/file: no such file or directory\n")
}

// TestHelpOfTestIsATest runs the example of the help text.
func TestHelpOfTestIsATest(t *testing.T) {
	_, example, _ := strings.Cut(testHelp, "\n\n  apiVersion:")
	example, _, _ = strings.Cut(example, "\n\nExit status")
	dir := filepath.Dir(file(t, "a_test.yaml", strings.ReplaceAll("  apiVersion:"+example, "\n  ", "\n")[2:]))
	if err := os.WriteFile(filepath.Join(dir, "p.yaml"), []byte(policyText("runAsNonRoot: {onViolation: adjust}")), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "a_test.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a_test.yaml"), []byte(strings.Replace(string(text), "../policies", "p.yaml", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	specguard(t, "test", dir).expect(t, 0, "ok    "+dir+"/a_test.yaml (1 case)\npassed: 1 case\n", "")
}
