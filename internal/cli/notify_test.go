package cli

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/specguard/specguard/internal/app/apptest"
)

// TestAgentTellsSystemd that it is ready when it is connected, and not before, and
// then that it lives, as long as it does.
func TestAgentTellsSystemd(t *testing.T) {
	m := apptest.NewManager(t)
	t.Setenv("WATCHDOG_USEC", "900000")
	a := runAgent(t)
	if got := m.Next(300 * time.Millisecond); got != "" {
		t.Errorf("told %q without NRI", got)
	}
	a.startNRI()
	for _, want := range []string{"READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"} {
		if got := m.Next(15 * time.Second); got != want {
			t.Errorf("told %q, want %q", got, want)
		}
	}
	if err := a.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for m.Next(time.Second) != "" { // what was under way
	}
	if err := a.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if got := m.Next(15 * time.Second); got != "WATCHDOG=1" {
		t.Errorf("told %q", got)
	}
	if err := os.Remove(a.path("runtime")); err != nil {
		t.Fatal(err)
	}
	a.waitFor("a hang in the log", func() bool { return strings.Contains(a.read("log"), "the agent hangs") })
	for m.Next(time.Millisecond) != "" {
	}
	if got := m.Next(time.Second); got != "" {
		t.Errorf("told %q where the OCI runtime wrapper cannot ask", got)
	}
}
