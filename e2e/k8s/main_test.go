// Package k8s_test holds the tests of specguard on a Kubernetes cluster, where
// its agent runs as the pod of a DaemonSet.
package k8s_test

import (
	"context"
	_ "embed"
	"os"
	"testing"
	"time"

	"github.com/specguard/specguard/e2e/cluster"
	"github.com/specguard/specguard/e2e/image"
	"github.com/specguard/specguard/e2e/lab"
)

var shared lab.Lab

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

// The agent's namespace and its DaemonSet.
const (
	system    = "specguard-system"
	daemonSet = "daemonset/specguard"
)

var (
	//go:embed testdata/agent.yaml
	manifests string
	//go:embed testdata/tenants.yaml
	tenants string
)

// A guarded is a cluster with the agent on it.
type guarded struct{ *cluster.Cluster }

// guard installs the agent, with the policies of tenants, where it is not
// installed, and waits until it is ready.
func guard(t *testing.T) guarded {
	t.Helper()
	g := guarded{shared.Cluster(t)}
	cache := lab.Cache(t)
	agent, err := cache.Agent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	runtime, err := cache.Runtime(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Import(t.Context(), image.Specguard(image.SpecguardName, agent, runtime)); err != nil {
		t.Fatal(err)
	}
	g.apply(t, manifests)
	g.apply(t, policies(tenants))
	g.ready(t)
	t.Cleanup(func() {
		if t.Failed() {
			log, err := g.Kubectl(context.WithoutCancel(t.Context()), "--namespace="+system, "logs", daemonSet, "--tail=50")
			t.Log(log, err)
		}
	})
	return g
}

// ready waits until the agent is.
func (g guarded) ready(t *testing.T) {
	t.Helper()
	g.kubectl(t, "--namespace="+system, "rollout", "status", daemonSet, "--timeout=60s")
}

// kubectl runs kubectl, in a test's cleanup too.
func (g guarded) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := g.Kubectl(context.WithoutCancel(t.Context()), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (g guarded) apply(t *testing.T, manifests string) {
	t.Helper()
	if err := g.Apply(context.WithoutCancel(t.Context()), manifests); err != nil {
		t.Fatal(err)
	}
}

// namespace makes a namespace that goes with the test.
func (g guarded) namespace(t *testing.T, name string) {
	t.Helper()
	t.Cleanup(func() { g.kubectl(t, "delete", "namespace", name, "--ignore-not-found", "--wait=false") })
	if err := g.Namespace(t.Context(), name); err != nil {
		t.Fatal(err)
	}
}

const (
	patience = 45 * time.Second
	interval = 250 * time.Millisecond
)

// eventually waits until ask has no error.
func eventually(t *testing.T, ask func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := ask()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(interval)
	}
}
