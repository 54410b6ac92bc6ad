package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
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

// The parts of readiness, as /readyz?exclude=NAME leaves them out.
const (
	readyNRI      = "nri"      // it is connected
	readyPolicies = "policies" // it has the policies in force that it was given
	readyOpener   = "opener"   // it can reach the runtime's specs, or be asked
)

func readyParts() []string { return []string{readyNRI, readyPolicies, readyOpener} }

// readiness is nil when the agent can judge, by the policies that it was given.
func readiness(ctx context.Context, s agentState, store pinger, exclude ...string) error {
	var errs []error
	for _, part := range readyParts() {
		if !slices.Contains(exclude, part) {
			errs = append(errs, ready(ctx, part, s, store))
		}
	}
	return errors.Join(errs...)
}

func ready(ctx context.Context, part string, s agentState, store pinger) error {
	switch part {
	case readyNRI:
		if !s.Connected() {
			return errors.New("not connected to NRI")
		}
	case readyPolicies:
		if err := s.ReloadError(); err != nil {
			return fmt.Errorf("policies not loaded, older ones are in force: %w", err)
		}
	case readyOpener:
		if o := s.Opener(); o == openerRuntime || o == openerVerify {
			return s.Unheard()
		}
		return store.Ping(ctx)
	}
	return nil
}

// serveReady answers whether the agent is ready. As the API server of Kubernetes
// does, it leaves out the parts that the query's values of exclude name.
func serveReady(s agentState, store pinger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), time.Second)
		defer cancel()
		exclude := r.URL.Query()["exclude"]
		for _, name := range exclude {
			if !slices.Contains(readyParts(), name) {
				http.Error(w, fmt.Sprintf("exclude %q is not one of %s", name, strings.Join(readyParts(), ", ")), http.StatusBadRequest)
				return
			}
		}
		if err := readiness(ctx, s, store, exclude...); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	}
}

// serveHTTP answers on the address until the context ends.
func serveHTTP(ctx context.Context, addr string, reg *prometheus.Registry, s agentState, store pinger, log logrus.FieldLogger) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("GET /readyz", serveReady(s, store))
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
