package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// TestVersion builds the program as the Makefile does, and without a version.
func TestVersion(t *testing.T) {
	for flags, want := range map[string]string{
		"-X main.version=v1.2.3": `v1\.2\.3`,
		"":                       `\S+`,
	} {
		program := filepath.Join(t.TempDir(), "specguard")
		if out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags", flags, "-o", program, ".").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		out, err := exec.CommandContext(t.Context(), program, "version").CombinedOutput()
		line := `^specguard ` + want + ` \(NRI v0\.\d+\.\d+, go1\.\S+, linux/\w+\)\n$`
		if ok, _ := regexp.Match(line, out); !ok || err != nil {
			t.Errorf("%q: %v, %s", flags, err, out)
		}
	}
}
