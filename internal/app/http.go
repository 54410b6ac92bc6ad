package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"github.com/specguard/specguard/internal/httpserver"
	"github.com/specguard/specguard/internal/metrics"
)

// pinger is the runtime's store, asked whether it answers.
type pinger interface {
	Ping(context.Context) error
}

// agentState is what the agent reports about itself.
type agentState interface {
	metrics.State

	// RuntimeSocketError returns why the OCI runtime wrapper cannot ask the agent; nil if it
	// can.
	RuntimeSocketError() error
}

// The parts of readiness, by the names for /readyz?exclude=NAME.
const (
	readyNRI      = "nri"      // it is connected
	readyPolicies = "policies" // it has the policies in force that it was given
	readyOpener   = "opener"   // it can reach the runtime's specs, or be asked
)

func readyParts() []string { return []string{readyNRI, readyPolicies, readyOpener} }

// readiness is nil when the agent can judge, by the policies that it was given.
type readiness struct {
	state agentState

	// Clients share what asks the runtime, and what may be a long text.
	policies *httpserver.Cache[error]
	opener   *httpserver.Cache[error]
}

func newReadiness(s agentState, store pinger) *readiness {
	return &readiness{
		state:    s,
		policies: httpserver.NewCache(func(context.Context) error { return policiesReady(s) }),
		opener:   httpserver.NewCache(func(ctx context.Context) error { return openerReady(ctx, s, store) }),
	}
}

// err is why the agent is not ready, in all parts but the excluded ones.
func (r *readiness) err(ctx context.Context, exclude ...string) error {
	var errs []error
	for _, part := range readyParts() {
		if !slices.Contains(exclude, part) {
			errs = append(errs, r.part(ctx, part))
		}
	}
	return errors.Join(errs...)
}

func (r *readiness) part(ctx context.Context, part string) error {
	switch part {
	case readyNRI:
		if !r.state.Connected() {
			return errors.New("not connected to NRI")
		}
		return nil
	case readyPolicies:
		return r.policies.Get(ctx)
	default:
		return r.opener.Get(ctx)
	}
}

// policiesReady makes the text once.
func policiesReady(s agentState) error {
	if err := s.ReloadError(); err != nil {
		return errors.New("policies not loaded, older ones are in force: " + err.Error())
	}
	return nil
}

func openerReady(ctx context.Context, s agentState, store pinger) error {
	if o := s.Opener(); o == openerRuntime || o == openerVerify {
		return s.RuntimeSocketError()
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return store.Ping(ctx)
}

// ServeHTTP answers whether the agent is ready. Like the API server of Kubernetes, it
// leaves out the parts that the query's exclude values name.
func (r *readiness) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	exclude := req.URL.Query()["exclude"]
	for _, name := range exclude {
		if !slices.Contains(readyParts(), name) {
			http.Error(w, fmt.Sprintf("exclude %q is not one of %s", name, strings.Join(readyParts(), ", ")), http.StatusBadRequest)
			return
		}
	}
	if err := r.err(req.Context(), exclude...); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

// serveHTTP answers on the address until the context ends.
func serveHTTP(ctx context.Context, addr string, reg *prometheus.Registry, s agentState, store pinger, log logrus.FieldLogger) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", httpserver.Metrics(reg))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("GET /readyz", newReadiness(s, store))
	address, err := httpserver.New(metrics.NewHTTP(reg), log).Serve(ctx, addr, mux)
	if err != nil {
		return err
	}
	log.WithField("address", address.String()).Info("serving /metrics, /healthz and /readyz")
	return nil
}
