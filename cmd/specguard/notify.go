package main

import (
	"context"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/sirupsen/logrus"
)

// notifySystemd tells the service manager, if it has started the agent
// (sd_notify(3)), when the agent is connected for the first time.
func notifySystemd(ctx context.Context, connected func() bool, log logrus.FieldLogger) {
	if os.Getenv("NOTIFY_SOCKET") == "" {
		return
	}
	for tick := time.NewTicker(50 * time.Millisecond); !connected(); {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
	if _, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
		log.WithError(err).Error("the service manager cannot be told that the agent is ready")
	}
}
