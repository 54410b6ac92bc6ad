package plugin

import (
	"context"
	"sync"
)

// live counts the requests in hand. What is not asked for by the runtime waits
// while there are any.
type live struct {
	mu   sync.Mutex
	n    int
	idle chan struct{} // closed when n becomes 0; nil while it is
}

// begin counts a request until end is called.
func (l *live) begin() (end func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n++; l.n == 1 {
		l.idle = make(chan struct{})
	}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.n--; l.n == 0 {
			close(l.idle)
			l.idle = nil
		}
	}
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
