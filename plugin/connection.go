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

	// what the runtime has configured; it outlives the connection.
	runtime containerruntime.Runtime
	chosen  judge.Opener // for that runtime
}

// configured notes the runtime and its opener.
func (c *connection) configured(runtime containerruntime.Runtime, o judge.Opener) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.runtime, c.chosen = runtime, o
	c.isConfigured = c.stub != nil
}

// awaitsSynchronize reports whether the runtime still has to list what runs, on this
// connection or, if there is none, on the last one.
func (c *connection) awaitsSynchronize() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.isConfigured && !c.isSynchronized
}

// Runtime returns the runtime that has last configured the plugin.
func (c *connection) Runtime() containerruntime.Runtime {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.runtime
}

// Opener returns the opener; an error until the runtime has configured the plugin.
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

// unread returns how long something has been waiting to be read.
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

// synchronized makes the connection ready, and returns a context that ends with it. ok is
// false if it has already ended.
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

// nriVersion returns the version of the runtime's NRI.
func (c *connection) nriVersion() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stub == nil {
		return "" // ended meanwhile
	}
	return c.stub.RuntimeNRIVersion()
}

// RequestTimeout returns the time that the runtime gives a request, or a default if its NRI
// is too old to tell.
func (c *connection) RequestTimeout() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stub == nil || c.stub.RequestTimeout() <= 0 {
		return stub.DefaultRequestTimeout
	}
	return c.stub.RequestTimeout()
}
