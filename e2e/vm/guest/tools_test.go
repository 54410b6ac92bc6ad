package guest_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/cri"
)

// specguard runs a program of specguard's that prints an object of JSON a line.
func specguard[T any](t *testing.T, args ...string) []T {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "specguard", append(args, "--output", "json")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, _ := cmd.Output() // the exit status says what is found
	if stderr.Len() > 0 {
		t.Errorf("specguard %s: %s", args[0], stderr.String())
	}
	var objects []T
	for line := range strings.Lines(string(out)) {
		var o T
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("specguard %s: %v: %s", args[0], err, line)
		}
		objects = append(objects, o)
	}
	return objects
}

// A verdict is what specguard audit says of a container.
type verdict struct {
	ID, Outcome string
	Violations  []struct{ Found string }
}

// An audited container is one that specguard audit judges by a rule; without a
// violation it complies.
type audited struct {
	name      string
	c         *cri.Running
	violation string
}

// audit has specguard audit judge all that runs by one rule, whatever the agent's
// policies are, and looks at what it says of some.
func audit(t *testing.T, rule string, containers []audited) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "all.yaml"), "apiVersion: specguard.dev/v1beta1\nkind: Policy\nmetadata: {name: all}\nspec: {match: {excludeNamespaces: [kube-system]}, rules: {"+rule+"}}\n")
	lines := specguard[verdict](t, "audit", "--policy-dir", dir)
	for _, a := range containers {
		if a.c == nil {
			t.Errorf("audit: %s does not run", a.name)
			continue
		}
		at := slices.IndexFunc(lines, func(v verdict) bool { return v.ID == a.c.ID })
		if at < 0 {
			t.Errorf("audit: %s is not told of", a.name)
			continue
		}
		line := lines[at]
		switch {
		case a.violation == "" && (line.Outcome != "allowed" || len(line.Violations) > 0):
			t.Errorf("audit: %s: %+v, want that it complies", a.name, line)
		case a.violation != "" && (line.Outcome != "denied" || len(line.Violations) != 1 || !strings.Contains(line.Violations[0].Found, a.violation)):
			t.Errorf("audit: %s: %+v, want %q", a.name, line, a.violation)
		}
	}
}

// doctor wants that specguard doctor finds something, by check and status.
func doctor(t *testing.T, check, status, found string) {
	t.Helper()
	var all []string
	for _, f := range specguard[struct{ Check, Status, Found string }](t, "doctor") {
		if f.Check != check {
			continue
		}
		if f.Status == status && strings.Contains(f.Found, found) {
			return
		}
		all = append(all, f.Status+": "+f.Found)
	}
	t.Errorf("doctor: %s: %q, want %s: %s", check, all, status, found)
}
