package plugin

import (
	"sync"
	"time"
)

const (
	// tick is the time between two observations.
	tick = 50 * time.Millisecond

	// window is how long at least a stall counts as recent.
	window = 5 * time.Second
)

// pulse measures how long the agent recently could not run because the node's CPUs were
// busy. Its answers can be late by as much.
type pulse struct {
	mu                 sync.Mutex
	last, windowStart  time.Time
	worst, worstBefore time.Duration // of this window, and of the one before
}

// start begins to count.
func (p *pulse) start(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last, p.windowStart = now, now
}

// observe must be called every tick.
func (p *pulse) observe(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	late := now.Sub(p.last) - tick
	p.last = now
	if now.Sub(p.windowStart) > window {
		p.windowStart, p.worstBefore, p.worst = now, p.worst, 0
	}
	p.worst = max(p.worst, late)
}

// stall returns the longest recent stall.
func (p *pulse) stall() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(p.worst, p.worstBefore)
}
