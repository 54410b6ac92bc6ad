package httpserver

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How often a value is computed, however many clients ask. Occasional clients get a new
// one.
const (
	freshPace  = rate.Limit(1) // times a second
	freshBurst = 5
)

// Cache holds a value that is costly to compute. It is at most a second old. It is safe for
// concurrent use.
type Cache[T any] struct {
	compute func(context.Context) T

	mu       sync.Mutex
	pace     *rate.Limiter
	value    T
	computed time.Time // when it was there
}

// NewCache returns a Cache. compute must end by itself, because others wait for it even if
// the client that asked hangs up.
func NewCache[T any](compute func(context.Context) T) *Cache[T] {
	return &Cache[T]{compute: compute, pace: rate.NewLimiter(freshPace, freshBurst)}
}

// Get returns the value. If it is being computed, Get waits for that.
func (c *Cache[T]) Get(ctx context.Context) T {
	asked := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.computed.After(asked) || !c.pace.Allow() {
		return c.value
	}
	c.value = c.compute(context.WithoutCancel(ctx))
	c.computed = time.Now()
	return c.value
}
