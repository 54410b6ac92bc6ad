package app

import (
	"context"
	"testing"
	"time"

	logtest "github.com/sirupsen/logrus/hooks/test"

	"github.com/specguard/specguard/internal/app/apptest"
)

// TestSystemdWithoutWatchdog is told once.
func TestSystemdWithoutWatchdog(t *testing.T) {
	m := apptest.NewManager(t)
	log, _ := logtest.NewNullLogger()
	systemd{connected: func() bool { return true }, log: log}.serve(t.Context())
	if got := m.Next(time.Second) + m.Next(100*time.Millisecond); got != "READY=1" {
		t.Errorf("told %q", got)
	}
}

// TestSystemdHangs does not tell that it lives while it would not answer.
func TestSystemdHangs(t *testing.T) {
	m := apptest.NewManager(t)
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
	if got := m.Next(50 * time.Millisecond); got != "" || len(hook.AllEntries()) != 2 {
		t.Errorf("told %q, %d lines", got, len(hook.AllEntries()))
	}
}
