package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/specguard/specguard/internal/cli"
)

// TestPages: each command has a page with its flags and examples. Two runs make the same ones.
func TestPages(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1767225600")
	dirs := []string{filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")}
	for _, dir := range dirs {
		if err := run([]string{dir, "v1.2.3"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range cli.Command("").Commands() {
		if !c.IsAvailableCommand() || c.Name() == "help" || c.Name() == "completion" {
			continue
		}
		name := "specguard-" + c.Name() + ".1"
		data, err := os.ReadFile(filepath.Join(dirs[0], name))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, want := range []string{`.TH "SPECGUARD" "1" "Jan 2026" "specguard v1.2.3"`, ".SH NAME\nspecguard-" + c.Name() + " - ", ".SH EXAMPLE", ".SH OPTIONS"} {
			if !strings.Contains(strings.ReplaceAll(string(data), `\-`, "-"), want) {
				t.Errorf("%s has no %q in\n%s", name, want, data)
			}
		}
		if again, err := os.ReadFile(filepath.Join(dirs[1], name)); err != nil || string(again) != string(data) {
			t.Errorf("%s differs between two runs: %v", name, err)
		}
	}
	if err := run(nil); err == nil || !strings.Contains(err.Error(), "usage") {
		t.Error(err)
	}
}
