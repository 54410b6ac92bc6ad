// Package httpserver serves an agent's metrics and probes to anyone who reaches its port.
// Clients cannot take resources that the agent needs to judge containers: their
// connections, requests and slow reading cost a limited amount of memory and less than a
// hundredth of a CPU.
package httpserver

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/time/rate"
)

// limits bound what clients can have of the process.
type limits struct {
	open     int           // connections at a time
	inFlight int           // requests that are answered at a time
	pace     rate.Limit    // connections a second
	burst    int           // connections at once, after a pause
	backlog  int           // connections that wait in the kernel
	header   int           // bytes of a request
	patience time.Duration // for the whole request to arrive
	answer   time.Duration // for the client to read the answer
}

// defaultLimits are plenty for the kubelet and some Prometheus servers, which
// come with less than one connection a second. One costs up to a thousandth of a
// second of CPU time, of which an agent that competes with tenants has a tenth of
// a second each second. Those that wait have their turn before the kubelet's
// patience ends, which is 2 s.
func defaultLimits() limits {
	return limits{
		open: 32, inFlight: 32, pace: 5, burst: 10, backlog: 8, header: 4 << 10,
		patience: 2 * time.Second, answer: 5 * time.Second,
	}
}

// Counter counts connections. It must be safe for concurrent use.
type Counter interface {
	// Accepted counts an accepted connection.
	Accepted()

	// Shed counts a connection that was closed unanswered, because it was one too many or to
	// make room for newer ones.
	Shed()
}

// Server serves HTTP within its limits.
type Server struct {
	limits  limits
	counter Counter
	log     logrus.FieldLogger
}

// New returns a Server.
func New(c Counter, log logrus.FieldLogger) *Server {
	return &Server{limits: defaultLimits(), counter: c, log: log}
}

// Serve answers on the address until the context ends. It returns once it listens, with the
// address.
func (s *Server) Serve(ctx context.Context, address string, handler http.Handler) (net.Addr, error) {
	inner, err := listen(ctx, address, s.limits.backlog)
	if err != nil {
		return nil, fmt.Errorf("listen for HTTP: %w", err)
	}
	l := &listener{
		Listener: inner, ctx: ctx, counter: s.counter,
		pace: rate.NewLimiter(s.limits.pace, s.limits.burst),
		room: &room{seats: s.limits.open, request: s.limits.header + headerSlack, counter: s.counter},
	}
	srv := &http.Server{
		Handler:           s.bounded(handler),
		ReadHeaderTimeout: s.limits.patience,
		ReadTimeout:       s.limits.patience,
		WriteTimeout:      s.limits.answer,
		MaxHeaderBytes:    s.limits.header,
		ErrorLog:          log.New(debugLog{s.log}, "", 0),
	}
	srv.SetKeepAlivesEnabled(false)
	go func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) && ctx.Err() == nil {
			s.log.WithError(err).Error("HTTP")
		}
	}()
	context.AfterFunc(ctx, func() { _ = srv.Close() })
	return inner.Addr(), nil
}

// bounded refuses requests with a body, and more requests at a time than allowed:
// one whose connection was closed may go on for a while.
func (s *Server) bounded(next http.Handler) http.Handler {
	inFlight := make(chan struct{}, s.limits.inFlight)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			http.Error(w, "a request has no body here", http.StatusRequestEntityTooLarge)
			return
		}
		select {
		case inFlight <- struct{}{}:
			defer func() { <-inFlight }()
			next.ServeHTTP(w, r)
		default:
			s.counter.Shed()
			http.Error(w, "too many requests at a time", http.StatusServiceUnavailable)
		}
	})
}

// debugLog keeps what clients can bring about out of the log.
type debugLog struct{ log logrus.FieldLogger }

func (l debugLog) Write(line []byte) (int, error) {
	l.log.WithField("from", "http").Debugf("%s", line)
	return len(line), nil
}
