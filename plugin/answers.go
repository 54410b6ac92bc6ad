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
	// answerTimeout limits the time to judge a made-up container. It is much longer than a
	// request's time: an agent that is slow refuses containers, but does not hang.
	answerTimeout = 5 * time.Second

	// inHandTimeout is how long a request may run or lie unread before the agent counts as
	// hanging. Every request has its own, shorter time limit.
	inHandTimeout = 20 * time.Second
)

// CheckResponsive returns an error if the agent hangs and would not answer a request of the
// runtime now; nil if it would answer. It judges a made-up container with everything that a
// request needs, and checks how long requests have been running. A refusal is an answer
// too.
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

// selfTest does what requests do, and changes nothing. Its only error is that the time is
// over.
func (p *Plugin) selfTest(ctx context.Context) error {
	p.ledger.ContainerLives("")
	p.pulse.stall()
	p.SynchronizeFailures()
	return p.judge.SelfTest(ctx, p.container(&api.PodSandbox{}, &api.Container{}))
}
