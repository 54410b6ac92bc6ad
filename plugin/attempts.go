package plugin

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/specguard/specguard/plugin/recordsize"
)

const (
	// A runtime that cannot list what runs may even panic and start again, so it is not
	// asked again soon.
	firstPause = time.Second
	maxPause   = 5 * time.Minute

	// If the runtime still answers and nothing is too large, the agent was slow, as on a
	// node whose CPUs are busy. Then it tries again soon, so that a container that uses up
	// the CPUs cannot keep it away.
	slowAgentPause = 5 * time.Second

	// The runtime lists what runs only while it handles no request. The log says so while
	// the agent waits.
	unlistedAfter = 10 * time.Second
	unlistedAgain = time.Minute

	// Meanwhile the agent asks until it knows what is too large, and then checks whether
	// that is gone.
	askAgain  = 500 * time.Millisecond
	lookAgain = 5 * time.Second
)

// RecordLister lists what a container runtime would send by NRI. It must be safe for
// concurrent use.
type RecordLister interface {
	// Records returns the records of all pods, and of the containers that have not ended. If
	// one cannot be read, that is an error. A node without pods has none, without an error.
	Records(ctx context.Context) ([]recordsize.Record, error)
}

// attempts counts the failed attempts to connect and to get the list of what runs.
type attempts struct {
	mu     sync.Mutex
	failed uint64 // in all
	pause  time.Duration
}

// failure counts one more failure and returns how long to wait.
func (a *attempts) failure() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failed++
	a.pause = min(max(firstPause, 2*a.pause), maxPause)
	return a.pause
}

func (a *attempts) succeeded() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pause = 0
}

// SynchronizeFailures counts the connections that ended before the runtime had listed what
// runs.
func (p *Plugin) SynchronizeFailures() uint64 {
	p.attempts.mu.Lock()
	defer p.attempts.mu.Unlock()
	return p.attempts.failed
}

// notSynchronized logs why the runtime may have given up, and waits until it makes sense to
// connect again.
func (p *Plugin) notSynchronized(ctx context.Context) {
	pause := p.attempts.failure()
	p.log.Errorf("the runtime accepted the agent, but gave up before it had reported the running containers (NRI's Synchronize): "+
		"containers are not judged; trying again in %s, or when the containers that are too large are gone", pause)
	began := time.Now()
	over := time.NewTimer(pause)
	defer over.Stop()
	ctx, cancel := context.WithCancel(ctx)
	gone, noneFound, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		p.watchOversized(ctx, gone, noneFound)
	}()
	defer func() { cancel(); <-ended }() // what it has found is older than what the runtime tells
	select {
	case <-ctx.Done():
	case <-over.C:
	case <-gone:
	case <-noneFound:
		p.log.Infof("no container is too large: trying again within %s", slowAgentPause)
		pauseFor(ctx, min(pause, slowAgentPause)-time.Since(began))
	}
}

// awaitList logs why the runtime has not listed what runs, until it has. NRI waits until no
// pod or container is being created, started, stopped or removed, and makes later requests
// wait. Stopping a container takes as long as its pod allows.
func (p *Plugin) awaitList(ctx context.Context) {
	for pause := unlistedAfter; pauseFor(ctx, pause) && p.conn.awaitsSynchronize(); pause = unlistedAgain {
		p.log.Warn("the runtime accepted the agent but has not reported the running containers: it first waits for running requests, such " +
			"as stopping a container (terminationGracePeriodSeconds), and starts nothing else until then (docs/operations.md)")
	}
}

// watchOversized logs what is too large for NRI, and closes gone when nothing is any
// longer. A runtime that has panicked must start again before it can be asked. noneFound is
// closed if the runtime answers at once and nothing is too large.
func (p *Plugin) watchOversized(ctx context.Context, gone, noneFound chan<- struct{}) {
	var warned error
	for {
		found, err := p.oversized(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && len(found) == 0:
			p.log.Warn("no pod or container is too large for NRI: the runtime's log says why it gave up, such as that the agent did not " +
				"answer in time")
			if warned == nil {
				close(noneFound)
			}
			return
		case err == nil:
			p.tellOversized(found)
			p.log.Warn("delete these pods to have the agent connected again (docs/operations.md)")
			p.awaitGone(ctx, gone)
			return
		case warned == nil:
			warned = err
			p.log.WithError(err).Warn("cannot find out yet what is too large for NRI; specguard doctor on the node may show it, and the " +
				"runtime's log why it gave up")
		}
		if !pauseFor(ctx, askAgain) {
			return
		}
	}
}

// awaitGone closes gone when nothing is too large.
func (p *Plugin) awaitGone(ctx context.Context, gone chan<- struct{}) {
	for pauseFor(ctx, lookAgain) {
		if found, err := p.oversized(ctx); err == nil && len(found) == 0 {
			p.log.Info("the containers that were too large for NRI are gone: connecting again")
			close(gone)
			return
		}
	}
}

// pauseFor waits. It reports whether the time has passed before the context ended.
func pauseFor(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// oversized asks the runtime, without NRI, what is too large for NRI.
func (p *Plugin) oversized(ctx context.Context) ([]*recordsize.TooLarge, error) {
	if p.RecordsOf == nil {
		return nil, errors.New("no runtime to ask")
	}
	from, err := p.RecordsOf(p.conn.Runtime().Name)
	if err != nil {
		return nil, err
	}
	records, err := from.Records(ctx)
	if err != nil {
		return nil, fmt.Errorf("list what runs: %w", err)
	}
	p.ledger.Reset(records)
	return p.Limits.Safe().Oversized(records), nil
}
