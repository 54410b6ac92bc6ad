package request

import (
	"context"
	"sync"
	"time"
)

// InHand counts the running requests. Other work waits until there are none. The zero value
// is ready to use. It is safe for concurrent use.
type InHand struct {
	mu    sync.Mutex
	last  uint64
	began map[uint64]time.Time // when those in hand did, by number
	idle  chan struct{}        // closed when none is left; nil while there is none
}

// Begin counts a request as running until end is called.
func (l *InHand) Begin() (end func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.began) == 0 {
		l.began, l.idle = make(map[uint64]time.Time), make(chan struct{})
	}
	l.last++
	n := l.last
	l.began[n] = time.Now()
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if delete(l.began, n); len(l.began) == 0 {
			close(l.idle)
			l.idle = nil
		}
	}
}

// Longest returns how long the oldest running request has been running; 0 if there is none.
func (l *InHand) Longest(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out time.Duration
	for _, began := range l.began {
		out = max(out, now.Sub(began))
	}
	return out
}

// Wait waits until no request is running. Its error is the context's.
func (l *InHand) Wait(ctx context.Context) error {
	for ctx.Err() == nil {
		l.mu.Lock()
		idle := l.idle
		l.mu.Unlock()
		if idle == nil {
			break
		}
		select {
		case <-idle:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}
