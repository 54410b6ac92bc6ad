package app

import (
	"context"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/sirupsen/logrus"
)

// systemd is the service manager that has started the agent (sd_notify(3)).
type systemd struct {
	connected func() bool                 // the runtime has accepted the agent
	answers   func(context.Context) error // nil while requests would be answered
	log       logrus.FieldLogger
}

// serve tells the service manager, if there is one, when the agent is connected
// for the first time, and from then on that it lives.
func (s systemd) serve(ctx context.Context) {
	if os.Getenv("NOTIFY_SOCKET") == "" {
		return
	}
	for tick := time.NewTicker(50 * time.Millisecond); !s.connected(); {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
	s.tell(daemon.SdNotifyReady)
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		s.log.WithError(err).Error("cannot notify the service manager's watchdog")
	}
	if every > 0 {
		s.live(ctx, every)
	}
}

// live keeps the watchdog, which waits for so long, from ending the agent while
// that would answer.
func (s systemd) live(ctx context.Context, patience time.Duration) {
	for tick := time.NewTicker(patience / 3); ctx.Err() == nil; {
		asking, cancel := context.WithTimeout(ctx, patience/3)
		err := s.answers(asking)
		cancel()
		if err == nil {
			s.tell(daemon.SdNotifyWatchdog)
		} else if ctx.Err() == nil {
			s.log.WithError(err).Error("the agent hangs; not notifying the service manager's watchdog")
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

func (s systemd) tell(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		s.log.WithError(err).Errorf("cannot notify the service manager: %s", state)
	}
}
