package plugin

import (
	"sync"
	"time"
)

const (
	// beat is how often the agent looks how it fares.
	beat = 50 * time.Millisecond

	// memory is how long, at least, a stall is taken to come again.
	memory = 5 * time.Second
)

// pulse knows for how long the agent did not run lately although it wanted to:
// on a node whose CPUs are taken. What it has to say then is late by as much.
type pulse struct {
	mu          sync.Mutex
	last, turn  time.Time
	worst, past time.Duration // of this turn, and of the one before
}

// start begins to count.
func (p *pulse) start(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last, p.turn = now, now
}

// beat is called every beat.
func (p *pulse) beat(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	late := now.Sub(p.last) - beat
	p.last = now
	if now.Sub(p.turn) > memory {
		p.turn, p.past, p.worst = now, p.worst, 0
	}
	p.worst = max(p.worst, late)
}

// stall is the longest time lately.
func (p *pulse) stall() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(p.worst, p.past)
}
