package app

import (
	"context"
	"errors"
	"testing"

	"github.com/specguard/specguard/internal/metrics"
)

// fakeState is an agent's state, for readiness.
type fakeState struct {
	metrics.State
	connected bool
	opener    string

	err, ping, socketErr error
}

func (s fakeState) Connected() bool            { return s.connected }
func (s fakeState) ReloadError() error         { return s.err }
func (s fakeState) Builtin() bool              { return false }
func (s fakeState) Opener() string             { return s.opener }
func (s fakeState) RuntimeSocketError() error  { return s.socketErr }
func (s fakeState) Ping(context.Context) error { return s.ping }

func TestReadiness(t *testing.T) {
	faulty := fakeState{err: errors.New("x"), ping: errors.New("no containerd")}
	for want, exclude := range map[string][]string{
		"policies not loaded, older ones are in force: x\nno containerd": {"nri"},
		"not connected to NRI": {"opener", "policies"},
		"":                     {"nri", "opener", "policies"},
	} {
		got := ""
		if err := newReadiness(faulty, faulty).err(t.Context(), exclude...); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("without %q: %q, want %q", exclude, got, want)
		}
	}
	for want, s := range map[string]fakeState{
		"":                     {connected: true},
		"not connected to NRI": {},
		"policies not loaded, older ones are in force: a.yaml:1:1: x": {connected: true, err: errors.New("a.yaml:1:1: x")},
		"no containerd": {connected: true, opener: "containerd", ping: errors.New("no containerd"), socketErr: errors.New("x")},
		"no socket":     {connected: true, opener: "runtime", ping: errors.New("x"), socketErr: errors.New("no socket")},
		"no socket ":    {connected: true, opener: "verify", socketErr: errors.New("no socket ")},
		"not connected to NRI\npolicies not loaded, older ones are in force: x\nno containerd": {err: errors.New("x"), ping: errors.New("no containerd")},
	} {
		got := ""
		if err := newReadiness(s, s).err(t.Context()); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
