package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
	"github.com/specguard/specguard/e2e/require"
)

// footprint is where a node leaves traces.
type footprint struct {
	Dir     string
	Cgroups []string
}

// inUse starts a node with a container and returns its footprint.
func inUse(t *testing.T, release build.Release) (*node.Node, footprint) {
	t.Helper()
	n := lab.Private(t, release, nil)
	pod, err := n.CRI.RunPod(t.Context(), n.CRI.Pod("left"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pod.Run(t.Context(), cri.Container("main", node.AppImage, []string{"sleep", "600"})); err != nil {
		t.Fatal(err)
	}
	return n, footprint{n.Dir(), n.Cgroups()}
}

// left lists what there still is of a node.
func (f footprint) left(t *testing.T) []string {
	t.Helper()
	var left []string
	for _, path := range append([]string{f.Dir}, f.Cgroups...) {
		if exists(path) {
			left = append(left, path)
		}
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, f.Dir) {
			left = append(left, "mount "+line)
		}
	}
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(commands) == 0 {
		t.Fatalf("no processes at all: %v", err)
	}
	for _, file := range commands {
		command, _ := os.ReadFile(file) // a process may end meanwhile
		if strings.Contains(string(command), f.Dir) {
			left = append(left, fmt.Sprintf("process %q", command))
		}
	}
	return left
}

func TestHarnessLeavesNothing(t *testing.T) {
	for _, release := range releases {
		t.Run(release.String(), func(t *testing.T) {
			n, f := inUse(t, release)
			if left := f.left(t); len(left) < 4 {
				t.Errorf("a running node has only %q: nothing is shown by this", left)
			}
			if err := n.Close(); err != nil {
				t.Fatal(err)
			}
			if left := f.left(t); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

// envFootprint names the file that [TestHarnessLeavesNothingWhenKilled], run
// once more as a process of its own, writes its node's footprint to.
const envFootprint = "SPECGUARD_E2E_FOOTPRINT"

// TestHarnessLeavesNothingWhenKilled kills the process that a node belongs to.
func TestHarnessLeavesNothingWhenKilled(t *testing.T) {
	for _, release := range releases {
		t.Run(release.String(), func(t *testing.T) {
			if file := os.Getenv(envFootprint); file != "" {
				beKilled(t, release, file)
			}
			require.Release(t, release)
			f := killOwner(t)
			var left []string
			for range 100 {
				if left = f.left(t); len(left) == 0 {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
			t.Errorf("left behind: %q", left)
		})
	}
}

// beKilled starts a node, tells of it and waits.
func beKilled(t *testing.T, release build.Release, file string) {
	t.Helper()
	_, f := inUse(t, release)
	data, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file+".new", data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
	select {}
}

// killOwner runs this test in a process of its own, and kills that as soon as
// it has a node.
func killOwner(t *testing.T) footprint {
	t.Helper()
	file := filepath.Join(t.TempDir(), "footprint")
	owner := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$")
	owner.Env = append(os.Environ(), envFootprint+"="+file)
	var out strings.Builder
	owner.Stdout, owner.Stderr = &out, &out
	owner.WaitDelay = time.Second // the node's processes do not end it
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- owner.Wait() }()
	for !exists(file) {
		select {
		case err := <-ended:
			t.Fatalf("no node: %v: %s", err, &out)
		case <-time.After(100 * time.Millisecond):
		}
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-ended
	var f footprint
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	return f
}
