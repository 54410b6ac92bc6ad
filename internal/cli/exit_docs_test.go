package cli

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestExitStatusesInDocs runs a call for each exit status that docs/cli.md has for a command, as far
// as that needs no node, and looks for each command in the table.
func TestExitStatusesInDocs(t *testing.T) {
	data, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := make(map[string]bool) // a command and a status
	var commands []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|(.*)\\|(.*)\\|(.*)\\|$").FindAllStringSubmatch(string(data), -1) {
		commands = append(commands, row[1])
		for status, text := range row[2:] {
			documented[row[1]+" "+strconv.Itoa(status)] = strings.TrimSpace(text) != ""
		}
	}
	for _, cmd := range root("").Commands() {
		if !cmd.Hidden && !slices.Contains(commands, cmd.Name()) {
			t.Errorf("docs/cli.md has no row for %s", cmd.Name())
		}
	}

	// These need a node that is prepared for them. Tests of the commands themselves have them.
	elsewhere := []string{"run 0", "run 1", "audit 0", "audit 2", "doctor 0", "apparmor 0", "apparmor 1", "install 0", "uninstall 2"}
	good, bad := file(t, "g.yaml", podIn("team-a", "g", dropsAll)), file(t, "b.yaml", podIn("team-a", "b", privileged))
	p, q := policyFile(t, "capabilities: {drop: [NET_ADMIN]}"), policyFile(t, "capabilities: {drop: [NET_ADMIN, SYS_TIME]}")
	test := func(outcome string) string {
		return file(t, "p_test.yaml", "apiVersion: specguard.dev/v1beta1\nkind: PolicyTest\nmetadata: {name: t}\nspec:\n  policies: ["+p+"]\n  cases:\n"+
			"    - {name: a, given: {pod: {metadata: {namespace: team-a}, spec: {containers: [{name: app, image: web}]}}}, expect: {outcome: "+outcome+"}}\n")
	}
	everywhere := file(t, "p.yaml", strings.Replace(policyText("capabilities: {drop: [NET_ADMIN]}"), notKubeSystem, "match: {namespaces: [a, kube-system]}\n  expires: x", 1))
	ran := make(map[string]bool)
	for _, c := range []struct {
		code int
		args []string
	}{
		{0, []string{"validate", p}},
		{1, []string{"validate", everywhere}},
		{0, []string{"check", "--policy-dir", p, good}},
		{1, []string{"check", "--policy-dir", p, "/no/such"}},
		{1, []string{"check", "--policy-dir", p, "--strict", file(t, "s.yaml", service)}},
		{2, []string{"check", "--policy-dir", p, bad}},
		{2, []string{"check", "--policy-dir", p, bad, "/no/such"}},
		{2, []string{"check", "--policy-dir", p, "--compare", q, bad}},
		{0, []string{"test", test("allowed")}},
		{1, []string{"test", test("denied")}},
		{1, []string{"test", t.TempDir()}},
		{1, []string{"audit", "--policy-dir", p, "--cri-socket", "/no/such"}},
		{1, []string{"doctor", "--config", "/no/such"}},
		{1, []string{"install", "--root", t.TempDir(), "--binary", "/no/such"}},
		{0, []string{"uninstall", "--root", t.TempDir()}},
		{1, []string{"uninstall", "--root", "/no/such"}},
		{0, []string{"explain", "match"}},
		{1, []string{"explain", "bogus"}},
		{0, []string{"effective", "-n", "team-a", "--policy-dir", p}},
		{1, []string{"effective", "--policy-dir", p}},
		{0, []string{"exceptions", "--policy-dir", p}},
		{1, []string{"exceptions", "--policy-dir", p, "--within", "x"}},
		{0, []string{"schema"}},
		{0, []string{"version"}},
		{1, []string{"version", "--bogus"}},
		{1, []string{"schema", "bogus"}},
	} {
		r := specguard(t, c.args...)
		status := c.args[0] + " " + strconv.Itoa(r.code)
		ran[status] = true
		if r.code != c.code {
			t.Errorf("%q: exit status %d, want %d\n%s%s", c.args, r.code, c.code, r.stdout, r.stderr)
		}
		if !documented[status] {
			t.Errorf("docs/cli.md has no status %s", status)
		}
	}
	for status, is := range documented {
		if is && !ran[status] && !slices.Contains(elsewhere, status) {
			t.Errorf("no call ends with %s", status)
		}
	}
}
