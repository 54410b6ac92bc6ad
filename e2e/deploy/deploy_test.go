// Package deploy_test tests what an operator installs from deploy/: that it
// renders, that Kubernetes' own types take it, and that it says what the
// documents say.
package deploy_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/specguard/specguard/e2e/build"
)

// repo gives the path of a file of the repository.
func repo(t testing.TB, name string) string {
	t.Helper()
	e2e, err := build.Root()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(filepath.Dir(e2e), name)
}

// read reads a file of the repository.
func read(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(repo(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// output runs a program and gives what it prints.
func output(t testing.TB, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", cmd, err, out, stderr.String())
	}
	return string(out)
}
