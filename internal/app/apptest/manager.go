// Package apptest helps to test the agent.
package apptest

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// ShortDir returns a new folder for sockets, whose paths must be short.
func ShortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// Manager plays the service manager for sd_notify.
type Manager struct {
	t    *testing.T
	conn *net.UnixConn
}

// NewManager listens, and sets NOTIFY_SOCKET for the programs that the test starts.
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

// Next returns the next notification; "" if none comes in time.
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
