package main

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	logtest "github.com/sirupsen/logrus/hooks/test"
)

// manager is the service manager's side of sd_notify.
type manager struct {
	t    *testing.T
	conn *net.UnixConn
}

func newManager(t *testing.T) *manager {
	t.Helper()
	path := filepath.Join(shortDir(t), "notify")
	t.Setenv("NOTIFY_SOCKET", path)
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &manager{t, conn}
}

// told is what comes next; "" where nothing does.
func (m *manager) told(patience time.Duration) string {
	m.t.Helper()
	if err := m.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		m.t.Fatal(err)
	}
	text := make([]byte, 100)
	n, err := m.conn.Read(text)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		m.t.Fatal(err)
	}
	return string(text[:n])
}

// TestAgentTellsSystemd that it is ready when it is connected, and not before, and
// then that it lives, as long as it does.
func TestAgentTellsSystemd(t *testing.T) {
	m := newManager(t)
	t.Setenv("WATCHDOG_USEC", "900000")
	a := runAgent(t)
	if got := m.told(300 * time.Millisecond); got != "" {
		t.Errorf("told %q without NRI", got)
	}
	a.startNRI()
	for _, want := range []string{"READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"} {
		if got := m.told(15 * time.Second); got != want {
			t.Errorf("told %q, want %q", got, want)
		}
	}
	if err := a.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for m.told(time.Second) != "" { // what was under way
	}
	if err := a.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if got := m.told(15 * time.Second); got != "WATCHDOG=1" {
		t.Errorf("told %q", got)
	}
	if err := os.Remove(a.path("runtime")); err != nil {
		t.Fatal(err)
	}
	a.waitFor("a hang in the log", func() bool { return strings.Contains(a.read("log"), "the agent hangs") })
	for m.told(time.Millisecond) != "" {
	}
	if got := m.told(time.Second); got != "" {
		t.Errorf("told %q where the OCI runtime wrapper cannot ask", got)
	}
}

// TestSystemdWithoutWatchdog is told once.
func TestSystemdWithoutWatchdog(t *testing.T) {
	m := newManager(t)
	log, _ := logtest.NewNullLogger()
	systemd{connected: func() bool { return true }, log: log}.serve(t.Context())
	if got := m.told(time.Second) + m.told(100*time.Millisecond); got != "READY=1" {
		t.Errorf("told %q", got)
	}
}

// TestSystemdHangs does not tell that it lives while it would not answer.
func TestSystemdHangs(t *testing.T) {
	m := newManager(t)
	log, hook := logtest.NewNullLogger()
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	systemd{log: log, answers: func(ctx context.Context) error {
		if asked++; asked == 3 {
			cancel()
		}
		<-ctx.Done()
		return ctx.Err()
	}}.live(ctx, 30*time.Millisecond)
	if got := m.told(50 * time.Millisecond); got != "" || len(hook.AllEntries()) != 2 {
		t.Errorf("told %q, %d lines", got, len(hook.AllEntries()))
	}
}
