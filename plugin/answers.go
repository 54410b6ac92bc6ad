package plugin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/plugin/request"
)

const (
	// answerTimeout is what judging a made-up container may take. It is much more
	// than a request may: an agent that is slow refuses, and is none that hangs.
	answerTimeout = 5 * time.Second

	// inHandTimeout is how long a request may be in hand, or lie unread, at least:
	// each is to be answered in a part of its time, and has its own bounds below that.
	inHandTimeout = 20 * time.Second
)

// CheckResponsive returns why the agent would not answer a request of the runtime now, because
// it hangs; nil if it would. It judges a made-up container with all that a request
// needs, and looks how long those in hand have been so. An answer that refuses is
// one.
func (p *Plugin) CheckResponsive(ctx context.Context) error {
	given, err := request.Guard(ctx, answerTimeout, func(ctx context.Context) (time.Duration, error) {
		return p.conn.RequestTimeout(), p.selfTest(ctx)
	})
	var panicked *request.PanicError
	switch {
	case errors.As(err, &panicked):
		return nil // requests are refused
	case err != nil:
		return fmt.Errorf("a container cannot be judged: %w", err)
	}
	limit := max(inHandTimeout, 2*given)
	if took := p.judge.InHand.Longest(time.Now()); took > limit {
		return fmt.Errorf("a request has not been answered for %s", took.Round(time.Second))
	}
	if took := p.conn.unread(); took > limit {
		return fmt.Errorf("a request has not been read for %s", took.Round(time.Second))
	}
	return nil
}

// selfTest does what requests do, and changes nothing. It is an error only where
// there was no time left for it.
func (p *Plugin) selfTest(ctx context.Context) error {
	p.ledger.ContainerLives("")
	p.pulse.stall()
	p.SynchronizeFailures()
	return p.judge.SelfTest(ctx, p.container(&api.PodSandbox{}, &api.Container{}))
}
