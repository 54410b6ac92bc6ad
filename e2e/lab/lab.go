// Package lab gives tests the things that take long to make: built programs
// and running nodes and clusters. A test binary has one lab; each node in it is
// started by the first test that asks for it and shared by all others.
package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cluster"
	"github.com/specguard/specguard/e2e/node"
	"github.com/specguard/specguard/e2e/require"
)

// buildTimeout bounds building a runtime, or waiting for somebody who does.
const buildTimeout = 20 * time.Minute

// A Lab keeps shared nodes. The zero value is ready to use.
type Lab struct {
	mu      sync.Mutex
	nodes   map[kind]*node.Node
	cluster *cluster.Cluster
}

// kind is what nodes are shared by.
type kind struct {
	release build.Release
	wrapped bool
}

// Run runs a test binary's tests, then what undoes something, and closes the
// lab; for TestMain.
func (l *Lab) Run(m *testing.M, undo ...func() error) int {
	code := m.Run()
	var errs []error
	for _, f := range undo {
		errs = append(errs, f())
	}
	if err := errors.Join(append(errs, l.Close())...); err != nil {
		fmt.Fprintln(os.Stderr, "close the lab:", err)
		return max(code, 1)
	}
	return code
}

// Close closes all shared nodes and the cluster.
func (l *Lab) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for _, n := range l.nodes {
		errs = append(errs, n.Close())
	}
	l.nodes = nil
	if l.cluster != nil {
		errs = append(errs, l.cluster.Close())
		l.cluster = nil
	}
	return errors.Join(errs...)
}

// Node returns the shared node of a release, or skips the test where none can
// be run. Tests must leave it as they found it: no plugin, the runtime running.
func (l *Lab) Node(t testing.TB, release build.Release) *node.Node {
	t.Helper()
	return l.node(t, kind{release: release})
}

// Wrapped returns the shared node of a release whose OCI runtime is wrapped by
// specguard-runtime: without an agent no container runs there.
func (l *Lab) Wrapped(t testing.TB, release build.Release) *node.Node {
	t.Helper()
	return l.node(t, kind{release: release, wrapped: true})
}

func (l *Lab) node(t testing.TB, k kind) *node.Node {
	t.Helper()
	require.Release(t, k.release)
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := l.nodes[k]; n != nil {
		return n
	}
	o := Options(t, k.release)
	if k.wrapped {
		Wrap(t, agent.Wrapping{})(&o)
	}
	n, err := node.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if l.nodes == nil {
		l.nodes = map[kind]*node.Node{}
	}
	l.nodes[k] = n
	return n
}

// Private returns a node for one test alone, closed when the test ends. change
// may set options.
func Private(t testing.TB, release build.Release, change func(*node.Options)) *node.Node {
	t.Helper()
	require.Release(t, release)
	o := Options(t, release)
	if change != nil {
		change(&o)
	}
	n, err := node.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// Options returns a node's options with built programs.
func Options(t testing.TB, release build.Release) node.Options {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), buildTimeout)
	defer cancel()
	cache := Cache(t)
	programs, err := cache.Programs(ctx, release)
	if err != nil {
		t.Fatal(err)
	}
	runc, err := cache.Runc(ctx, release)
	if err != nil {
		t.Fatal(err)
	}
	return node.Options{Programs: programs, Runc: runc}
}

// openCache opens the cache once: what it has built is not built again.
var openCache = sync.OnceValues(build.Open)

// Cache returns the cache of built programs.
func Cache(t testing.TB) *build.Cache {
	t.Helper()
	cache, err := openCache()
	if err != nil {
		t.Fatal(err)
	}
	return cache
}
