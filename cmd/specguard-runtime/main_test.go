package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestVersion: the program says its own version if that is all that it is asked. Everything else is
// for the real runtime, which is not there.
func TestVersion(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "specguard-runtime")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-X main.version=v1.2.3", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	config := filepath.Join(dir, "runtime.yaml")
	if err := os.WriteFile(config, []byte("runtimes: {specguard-runtime: "+dir+"/real}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/real", []byte("#!/bin/sh\necho real \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"specguard-version":              "specguard-runtime v1.2.3\n",
		"--version":                      "real --version\n",
		"specguard-version x":            "real specguard-version x\n",
		"--root /x specguard-version":    "real --root /x specguard-version\n",
		"state specguard-version":        "real state specguard-version\n",
		"delete --force specguard-hello": "real delete --force specguard-hello\n",
	} {
		cmd := exec.CommandContext(t.Context(), program, strings.Fields(args)...)
		cmd.Env = append(os.Environ(), "SPECGUARD_RUNTIME_CONFIG="+config)
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != want {
			t.Errorf("%s: %v, %q, want %q", args, err, out, want)
		}
	}
}
