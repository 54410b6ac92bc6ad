package footprint

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// envFile names the file that a test that [Killed] has run once more, as a
// process of its own, writes the footprint to.
const envFile = "SPECGUARD_E2E_FOOTPRINT"

// Killed runs the test once more, in a process of its own, up to here, where it
// calls start. As soon as that has returned the process is killed.
func Killed(t *testing.T, start func() Footprint) Footprint {
	t.Helper()
	if file := os.Getenv(envFile); file != "" {
		beKilled(t, start(), file)
	}
	file := filepath.Join(t.TempDir(), "footprint")
	owner := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$")
	owner.Env = append(os.Environ(), envFile+"="+file)
	var out strings.Builder
	owner.Stdout, owner.Stderr = &out, &out
	owner.WaitDelay = time.Second // the processes that it started do not end it
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- owner.Wait() }()
	for !exists(file) {
		select {
		case err := <-ended:
			t.Fatalf("no footprint: %v: %s", err, &out)
		case <-time.After(100 * time.Millisecond):
		}
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-ended
	var f Footprint
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// beKilled tells of the footprint and waits.
func beKilled(t *testing.T, f Footprint, file string) {
	t.Helper()
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
