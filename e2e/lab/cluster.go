package lab

import (
	"context"
	"testing"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cluster"
	"github.com/specguard/specguard/e2e/require"
)

// Cluster returns the shared Kubernetes cluster, or skips the test where none
// can be run.
func (l *Lab) Cluster(t testing.TB) *cluster.Cluster {
	t.Helper()
	require.Cluster(t)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cluster == nil {
		c, err := cluster.Start(t.Context(), ClusterOptions(t))
		if err != nil {
			t.Fatal(err)
		}
		l.cluster = c
	}
	return l.cluster
}

// ClusterOptions returns a cluster's options with built programs.
func ClusterOptions(t testing.TB) cluster.Options {
	t.Helper()
	o := Options(t, build.Containerd2)
	ctx, cancel := context.WithTimeout(t.Context(), buildTimeout)
	defer cancel()
	kubernetes, err := Cache(t).Kubernetes(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return cluster.Options{Programs: o.Programs, Runc: o.Runc, Kubernetes: kubernetes}
}
