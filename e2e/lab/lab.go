// Package lab gives tests the things that take long to make: built programs
// and running nodes. A test binary has one lab; each node in it is started by
// the first test that asks for it and shared by all others.
package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/node"
	"github.com/specguard/specguard/e2e/require"
)

// buildTimeout bounds building a runtime, or waiting for somebody who does.
const buildTimeout = 20 * time.Minute

// A Lab keeps shared nodes. The zero value is ready to use.
type Lab struct {
	mu    sync.Mutex
	nodes map[build.Release]*node.Node
}

// Run runs a test binary's tests and then closes the lab; for TestMain.
func (l *Lab) Run(m *testing.M) int {
	code := m.Run()
	if err := l.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "close the lab:", err)
		return max(code, 1)
	}
	return code
}

// Close closes all shared nodes.
func (l *Lab) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for _, n := range l.nodes {
		errs = append(errs, n.Close())
	}
	l.nodes = nil
	return errors.Join(errs...)
}

// Node returns the shared node of a release, or skips the test where none can
// be run. Tests must leave it as they found it: no plugin, the runtime running.
func (l *Lab) Node(t testing.TB, release build.Release) *node.Node {
	t.Helper()
	require.Release(t, release)
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := l.nodes[release]; n != nil {
		return n
	}
	n, err := node.Start(t.Context(), Options(t, release))
	if err != nil {
		t.Fatal(err)
	}
	if l.nodes == nil {
		l.nodes = map[build.Release]*node.Node{}
	}
	l.nodes[release] = n
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

// Cache returns the cache of built programs.
func Cache(t testing.TB) *build.Cache {
	t.Helper()
	cache, err := build.Open()
	if err != nil {
		t.Fatal(err)
	}
	return cache
}
