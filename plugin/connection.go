package plugin

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/containerd/nri/pkg/stub"

	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/judge"
)

// connection is the state of the connection to NRI. It is a judge.Connection.
type connection struct {
	mu             sync.Mutex
	ctx            context.Context // ends with the connection
	stub           stub.Stub
	conn           *timedConn
	ready          bool
	isConfigured   bool // the runtime has configured the plugin; then it lists what runs
	isSynchronized bool // it has listed what runs

	// what the runtime was configured with; it outlives the connection.
	runtime containerruntime.Runtime
	chosen  judge.Opener // for that runtime
}

// configured keeps which runtime it is, and the opener for it.
func (c *connection) configured(runtime containerruntime.Runtime, o judge.Opener) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.runtime, c.chosen = runtime, o
	c.isConfigured = c.stub != nil
}

// awaitsSynchronize reports whether the runtime has not listed what runs, although it had to, on this
// connection or, where there is none, the last one.
func (c *connection) awaitsSynchronize() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.isConfigured && !c.isSynchronized
}

// Runtime is the runtime that has configured the plugin last.
func (c *connection) Runtime() containerruntime.Runtime {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.runtime
}

// Opener is an error until the runtime has configured the plugin.
func (c *connection) Opener() (judge.Opener, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.chosen == nil {
		return nil, errors.New("no runtime has configured the plugin")
	}
	return c.chosen, nil
}

func (c *connection) begin(ctx context.Context, s stub.Stub, w *timedConn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ctx, c.stub, c.conn, c.isConfigured, c.isSynchronized = ctx, s, w, false, false
}

// unread is for how long something has been there that nobody reads.
func (c *connection) unread() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil {
		return 0
	}
	return c.conn.unread()
}

func (c *connection) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stub, c.conn, c.ready = nil, nil, false
}

// synchronized makes the connection ready, and gives a context for what lasts
// no longer than it; ok is false where it has ended meanwhile.
func (c *connection) synchronized() (ctx context.Context, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ready, c.isSynchronized = c.stub != nil, true
	return c.ctx, c.ready
}

func (c *connection) isReady() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ready
}

// nriVersion is that of the runtime's NRI.
func (c *connection) nriVersion() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stub == nil {
		return "" // ended meanwhile
	}
	return c.stub.RuntimeNRIVersion()
}

// RequestTimeout is the time that the runtime gives a request. A runtime whose
// NRI is old does not tell it.
func (c *connection) RequestTimeout() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stub == nil || c.stub.RequestTimeout() <= 0 {
		return stub.DefaultRequestTimeout
	}
	return c.stub.RequestTimeout()
}
