package plugin

import (
	"context"
	"sync"
	"time"
)

// live knows the requests in hand. What is not asked for by the runtime waits
// while there are any.
type live struct {
	mu    sync.Mutex
	last  uint64
	began map[uint64]time.Time // when those in hand did, by number
	idle  chan struct{}        // closed when none is left; nil while there is none
}

// begin counts a request as in hand until end is called.
func (l *live) begin() (end func()) {
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

// longest is how long the oldest request in hand has been so; 0 where there is
// none.
func (l *live) longest(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out time.Duration
	for _, began := range l.began {
		out = max(out, now.Sub(began))
	}
	return out
}

// wait returns when no request is in hand, or with the context's error.
func (l *live) wait(ctx context.Context) error {
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
