// Package apptest is for tests of the agent.
package apptest

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// ShortDir is a new folder for sockets, whose paths have to be short.
func ShortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// Manager is the service manager's side of sd_notify.
type Manager struct {
	t    *testing.T
	conn *net.UnixConn
}

// NewManager listens where programs that the test starts look for it.
func NewManager(t *testing.T) *Manager {
	t.Helper()
	path := filepath.Join(ShortDir(t), "notify")
	t.Setenv("NOTIFY_SOCKET", path)
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &Manager{t, conn}
}

// Next is what comes next; "" where nothing does.
func (m *Manager) Next(patience time.Duration) string {
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
