package plugin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/containerd/nri/pkg/api"
	nrinet "github.com/containerd/nri/pkg/net"
	"github.com/containerd/nri/pkg/stub"
	"github.com/containerd/ttrpc"
	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/plugin/request"
)

// Registration says how the plugin registers with the runtime's NRI.
type Registration struct {
	Socket string // NRI's unix socket
	Name   string // plugin name
	Index  string // two digits: NRI calls plugins in this order
}

const (
	minBackoff = 100 * time.Millisecond
	maxBackoff = 5 * time.Second

	// startTimeout limits the time to connect, register and be configured.
	startTimeout = 15 * time.Second
)

// errLost ends a connection that the runtime or the network has closed.
var errLost = errors.New("connection to NRI lost")

// Run serves the runtime until the context ends, and connects again when the connection is
// lost. If the runtime itself has started the plugin (NRI's "pre-installed" plugins), there
// is one connection, which the runtime has opened; when it ends, Run returns.
func (p *Plugin) Run(ctx context.Context, reg Registration) error {
	if fd := os.Getenv(api.PluginSocketEnvVar); fd != "" {
		err := p.serveGiven(ctx, fd)
		if ended(ctx) {
			return nil
		}
		return err
	}
	backoff, logged := minBackoff, ""
	for {
		began := time.Now()
		err := p.dialAndServe(ctx, reg)
		if ended(ctx) {
			return nil
		}
		if p.conn.awaitsSynchronize() {
			p.notSynchronized(ctx)
			backoff, logged = minBackoff, ""
			continue
		}
		if time.Since(began) > maxBackoff {
			backoff, logged = minBackoff, ""
		}
		log := p.log.WithError(err).Warn
		if err.Error() == logged {
			log = p.log.WithError(err).Debug
		}
		logged = err.Error()
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

// serveGiven serves the connection that the runtime has opened.
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
	w, err := newTimedConn(conn)
	if err != nil {
		return fmt.Errorf("connect to NRI: %w", err)
	}
	lost := make(chan struct{})
	var once sync.Once
	opts = append(opts,
		stub.WithConnection(w),
		stub.WithTTRPCOptions(nil, []ttrpc.ServerOpt{ttrpc.WithUnaryServerInterceptor(p.receive(w))}),
		stub.WithOnClose(func() { once.Do(func() { close(lost) }) }),
		stub.WithLogger(stubLog{p.log.WithField("from", "nri")}),
		stub.WithFailurePolicy(&api.FailurePolicy{FailRequest: true, KeepConnected: true}),
	)
	s, err := stub.New(nriEvents{p}, opts...)
	if err != nil {
		return fmt.Errorf("create NRI stub: %w", err)
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	go w.watch(ctx, &p.pulse)
	p.conn.begin(ctx, s, w)
	defer p.conn.end()

	// Start waits for the runtime without a time limit, and holds the stub's lock meanwhile.
	// A stub whose start hangs is abandoned.
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
	go p.awaitList(ctx)
	select {
	case <-lost:
		return errLost
	case <-ctx.Done():
		s.Stop()
		return ctx.Err()
	}
}

// receive counts requests as running, and tells their handlers how much of their time is
// lost.
func (p *Plugin) receive(w *timedConn) ttrpc.UnaryServerInterceptor {
	return func(ctx context.Context, decode ttrpc.Unmarshaler, _ *ttrpc.UnaryServerInfo, handle ttrpc.Method) (any, error) {
		defer p.judge.InHand.Begin()()
		d := request.Delay{Waited: w.waited(), Stall: p.pulse.stall()}
		if p.Waited != nil {
			p.Waited(d.Waited)
		}
		return handle(request.WithDelay(ctx, d), decode)
	}
}

// stubLog passes the stub's messages to logrus, one level lower, because they are details
// of the connection.
type stubLog struct{ log logrus.FieldLogger }

func (l stubLog) Debugf(_ context.Context, format string, args ...any) { l.log.Debugf(format, args...) }
func (l stubLog) Infof(_ context.Context, format string, args ...any)  { l.log.Debugf(format, args...) }
func (l stubLog) Warnf(_ context.Context, format string, args ...any)  { l.log.Warnf(format, args...) }
func (l stubLog) Errorf(_ context.Context, format string, args ...any) { l.log.Errorf(format, args...) }
