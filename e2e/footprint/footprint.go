// Package footprint tells whether a node or a cluster has left something on the
// machine, also after whoever made it was killed.
package footprint

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A Footprint is where something leaves traces.
type Footprint struct {
	Dir     string
	Cgroups []string
}

// Left lists what there still is.
func (f Footprint) Left(t testing.TB) []string {
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

// Gone fails the test if something is left ten seconds later.
func (f Footprint) Gone(t testing.TB) {
	t.Helper()
	var left []string
	for range 100 {
		if left = f.Left(t); len(left) == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("left behind: %q", left)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
