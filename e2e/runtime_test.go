package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
)

// TestHarnessWrapsTheRuntime has a script stand between the container runtime
// and runc: it must be started for all that makes a process, with the node's
// environment.
func TestHarnessWrapsTheRuntime(t *testing.T) {
	for _, release := range releases {
		t.Run(release.String(), func(t *testing.T) {
			var calls string
			n := lab.Private(t, release, func(o *node.Options) {
				script := filepath.Join(t.TempDir(), "wrapper")
				content := "#!/bin/sh\necho \"$0 $*\" >>\"$WRAPPER_CALLS\"\nexec " + o.Runc + " \"$@\"\n"
				if err := os.WriteFile(script, []byte(content), 0o755); err != nil {
					t.Fatal(err)
				}
				o.Runc = script
				o.BeforeStart = func(n *node.Node) error {
					calls = filepath.Join(n.Dir(), "calls")
					n.Setenv("WRAPPER_CALLS", calls)
					return nil
				}
			})
			for _, handler := range []string{"", node.OtherHandler} {
				pod, err := n.CRI.RunPodHandler(t.Context(), n.CRI.Pod("wrapped"+handler), handler)
				if err != nil {
					t.Fatal(err)
				}
				c, err := pod.Run(t.Context(), cri.Container("main", node.AppImage, []string{"sleep", "60"}))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := c.Exec(t.Context(), "true"); err != nil {
					t.Error(err)
				}
				if _, err := c.StreamExec(t.Context(), "true"); err != nil {
					t.Error(err)
				}
				said, err := os.ReadFile(calls)
				if err != nil {
					t.Fatal(err)
				}
				for command, want := range map[string]int{" create ": 1, " start ": 1, " exec ": 2} {
					got := 0
					for line := range strings.Lines(string(said)) {
						if strings.Contains(line, command) && strings.Contains(line, c.ID) {
							got++
						}
					}
					if got != want {
						t.Errorf("handler %q: %d calls of %s for the container, want %d:\n%s", handler, got, command, want, said)
					}
				}
			}
		})
	}
}
