package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/plugin/metrics"
)

// pinger is the runtime's store, asked whether it answers.
type pinger interface {
	Ping(context.Context) error
}

// agentState is what the agent tells of itself.
type agentState interface {
	metrics.State

	// Unheard is why the OCI runtime wrapper cannot ask; nil if it can.
	Unheard() error
}

// readiness is nil when the agent can judge: it is connected, can reach the
// runtime's specs where it has to, and has the policies in force that it was given.
func readiness(ctx context.Context, s agentState, store pinger) error {
	var errs []error
	if !s.Connected() {
		errs = append(errs, errors.New("not connected to NRI"))
	}
	if err := s.ReloadError(); err != nil {
		errs = append(errs, fmt.Errorf("policies not loaded, older ones are in force: %w", err))
	}
	switch s.Opener() {
	case openerRuntime, openerVerify:
		errs = append(errs, s.Unheard())
	default:
		errs = append(errs, store.Ping(ctx))
	}
	return errors.Join(errs...)
}

// serveHTTP answers on the address until the context ends.
func serveHTTP(ctx context.Context, addr string, reg *prometheus.Registry, s agentState, store pinger, log logrus.FieldLogger) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), time.Second)
		defer cancel()
		if err := readiness(ctx, s, store); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listen for HTTP: %w", err)
	}
	srv := &http.Server{Handler: mux, ReadTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute}
	go func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.WithError(err).Error("HTTP")
		}
	}()
	context.AfterFunc(ctx, func() { _ = srv.Close() })
	log.WithField("address", l.Addr().String()).Info("serving /metrics, /healthz and /readyz")
	return nil
}
