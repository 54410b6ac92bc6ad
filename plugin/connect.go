package plugin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/containerd/nri/pkg/api"
	nrinet "github.com/containerd/nri/pkg/net"
	"github.com/containerd/nri/pkg/stub"
	"github.com/containerd/ttrpc"
	"github.com/sirupsen/logrus"
)

// Registration is how the plugin makes itself known to the runtime's NRI.
type Registration struct {
	Socket string // NRI's unix socket
	Name   string // plugin name
	Index  string // two digits: NRI calls plugins in this order
}

const (
	minBackoff = 100 * time.Millisecond
	maxBackoff = 5 * time.Second

	// startTimeout bounds connecting, registering and being configured.
	startTimeout = 15 * time.Second
)

// errLost ends a connection that the runtime or the network has closed.
var errLost = errors.New("connection to NRI lost")

// Run serves the runtime until the context ends, and connects again whenever
// the connection is lost. A plugin that the runtime itself has started (NRI's
// "pre-installed" plugins) has one connection, handed down by the runtime; when
// that ends, so does Run.
func (p *Plugin) Run(ctx context.Context, reg Registration) error {
	if fd := os.Getenv(api.PluginSocketEnvVar); fd != "" {
		err := p.serveGiven(ctx, fd)
		if ended(ctx) {
			return nil
		}
		return err
	}
	backoff, told := minBackoff, ""
	for {
		began := time.Now()
		err := p.dialAndServe(ctx, reg)
		if ended(ctx) {
			return nil
		}
		if p.conn.untold() {
			p.notSynchronized(ctx)
			backoff, told = minBackoff, ""
			continue
		}
		if time.Since(began) > maxBackoff {
			backoff, told = minBackoff, ""
		}
		log := p.Log.WithError(err).Warn
		if err.Error() == told {
			log = p.Log.WithError(err).Debug
		}
		told = err.Error()
		log("not connected to NRI: containers are not judged; trying again")
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(backoff):
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

func ended(ctx context.Context) bool { return ctx.Err() != nil }

func (p *Plugin) dialAndServe(ctx context.Context, reg Registration) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", reg.Socket)
	if err != nil {
		return fmt.Errorf("connect to NRI: %w", err)
	}
	defer conn.Close()
	return p.serve(ctx, conn, stub.WithPluginName(reg.Name), stub.WithPluginIdx(reg.Index))
}

// serveGiven serves the connection that the runtime has handed down.
func (p *Plugin) serveGiven(ctx context.Context, fd string) error {
	n, err := strconv.Atoi(fd)
	if err != nil {
		return fmt.Errorf("invalid socket in environment (%s=%q): %w", api.PluginSocketEnvVar, fd, err)
	}
	conn, err := nrinet.NewFdConn(n)
	if err != nil {
		return fmt.Errorf("invalid socket in environment (%s=%q): %w", api.PluginSocketEnvVar, fd, err)
	}
	defer conn.Close()
	return p.serve(ctx, conn)
}

// serve handles the requests of one connection until it ends.
func (p *Plugin) serve(ctx context.Context, conn net.Conn, opts ...stub.Option) error {
	w, err := newTrunk(conn)
	if err != nil {
		return fmt.Errorf("connect to NRI: %w", err)
	}
	lost := make(chan struct{})
	var once sync.Once
	opts = append(opts,
		stub.WithConnection(w),
		stub.WithTTRPCOptions(nil, []ttrpc.ServerOpt{ttrpc.WithUnaryServerInterceptor(p.receive(w))}),
		stub.WithOnClose(func() { once.Do(func() { close(lost) }) }),
		stub.WithLogger(stubLog{p.Log.WithField("from", "nri")}),
		stub.WithFailurePolicy(&api.FailurePolicy{FailRequest: true, KeepConnected: true}),
	)
	s, err := stub.New(handlers{p}, opts...)
	if err != nil {
		return fmt.Errorf("create NRI stub: %w", err)
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	go w.watch(ctx, &p.pulse)
	p.conn.begin(ctx, s, w)
	defer p.conn.end()

	// Start waits for the runtime without end, and holds the stub's lock
	// meanwhile; a stub whose start hangs is left behind.
	started := make(chan error, 1)
	go func() { started <- s.Start(ctx) }()
	select {
	case err := <-started:
		if err != nil {
			return fmt.Errorf("register with NRI: %w", err)
		}
	case <-time.After(startTimeout):
		return fmt.Errorf("register with NRI: no answer in %s", startTimeout)
	case <-ctx.Done():
		return ctx.Err()
	}
	go p.awaitTold(ctx)
	select {
	case <-lost:
		return errLost
	case <-ctx.Done():
		s.Stop()
		return ctx.Err()
	}
}

// receive has requests count as in hand, and their handlers know what time is
// lost.
func (p *Plugin) receive(w *trunk) ttrpc.UnaryServerInterceptor {
	return func(ctx context.Context, decode ttrpc.Unmarshaler, _ *ttrpc.UnaryServerInfo, handle ttrpc.Method) (any, error) {
		defer p.live.begin()()
		d := delay{waited: w.waited(), stall: p.pulse.stall()}
		if p.Waited != nil {
			p.Waited(d.waited)
		}
		return handle(withDelay(ctx, d), decode)
	}
}

// Opener is the name of the opener in use; "" where no runtime has connected
// yet.
func (p *Plugin) Opener() string {
	opener, err := p.conn.opener()
	if err != nil {
		return ""
	}
	return opener.Name()
}

// Connected tells whether the runtime has accepted the plugin and sends it its
// requests.
func (p *Plugin) Connected() bool { return p.conn.isReady() }

// connection is the state of the connection to NRI.
type connection struct {
	mu    sync.Mutex
	ctx   context.Context // ends with the connection
	stub  stub.Stub
	trunk *trunk
	ready bool
	asked bool // it has configured the plugin, and was to tell what runs
	told  bool // it has

	// what the runtime was configured with; it outlives the connection.
	runtime, version string
	opens            Opener
}

// configured keeps the runtime's name and the opener for it.
func (c *connection) configured(runtime string, o Opener) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.runtime, c.opens = runtime, o
	c.asked = c.stub != nil
}

func (c *connection) versioned(version string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version = version
}

// untold tells whether the runtime was to tell what runs and has not, on this
// connection or, where there is none, the last one.
func (c *connection) untold() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked && !c.told
}

func (c *connection) givenVersion() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.version
}

// namesImage tells whether the annotation imageNameAnnotation on a container's
// spec is the reference under which the runtime keeps the image: containerd 1
// writes that there, containerd 2 what the caller of CRI says.
func (c *connection) namesImage() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.runtime == containerd && strings.HasPrefix(strings.TrimPrefix(c.version, "v"), "1.")
}

func (c *connection) runtimeName() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.runtime
}

func (c *connection) opener() (Opener, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opens == nil {
		return nil, errors.New("no runtime has configured the plugin")
	}
	return c.opens, nil
}

func (c *connection) begin(ctx context.Context, s stub.Stub, w *trunk) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ctx, c.stub, c.trunk, c.asked, c.told = ctx, s, w, false, false
}

// unread is for how long something has been there that nobody reads.
func (c *connection) unread() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.trunk == nil {
		return 0
	}
	return c.trunk.unread()
}

func (c *connection) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stub, c.trunk, c.ready = nil, nil, false
}

// synchronized makes the connection ready, and gives a context for what lasts
// no longer than it; ok is false where it has ended meanwhile.
func (c *connection) synchronized() (ctx context.Context, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ready, c.told = c.stub != nil, true
	return c.ctx, c.ready
}

func (c *connection) isReady() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ready
}

func (c *connection) runtimeVersion() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stub == nil {
		return "" // ended meanwhile
	}
	return c.stub.RuntimeNRIVersion()
}

// requestTimeout is the time that the runtime gives a request. A runtime whose
// NRI is old does not tell it.
func (c *connection) requestTimeout() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stub == nil || c.stub.RequestTimeout() <= 0 {
		return stub.DefaultRequestTimeout
	}
	return c.stub.RequestTimeout()
}

// stubLog passes the stub's messages to logrus, one level lower: they are
// about the connection's details.
type stubLog struct{ log logrus.FieldLogger }

func (l stubLog) Debugf(_ context.Context, format string, args ...any) { l.log.Debugf(format, args...) }
func (l stubLog) Infof(_ context.Context, format string, args ...any)  { l.log.Debugf(format, args...) }
func (l stubLog) Warnf(_ context.Context, format string, args ...any)  { l.log.Warnf(format, args...) }
func (l stubLog) Errorf(_ context.Context, format string, args ...any) { l.log.Errorf(format, args...) }
