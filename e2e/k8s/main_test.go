// Package k8s_test holds the tests of specguard on a Kubernetes cluster, where
// its agent runs as the pod of a DaemonSet.
package k8s_test

import (
	"context"
	_ "embed"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cluster"
	"github.com/specguard/specguard/e2e/lab"
)

var shared lab.Lab

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

// The agent's namespace and its DaemonSet.
const (
	system    = "specguard-system"
	daemonSet = "daemonset/specguard"
)

//go:embed testdata/tenants.yaml
var tenants string

// overlay is the folder of what is applied: an overlay over those in deploy/.
func overlay(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// A guarded is a cluster with the agent on it.
type guarded struct{ *cluster.Cluster }

// guard installs the agent, with the policies of tenants, where it is not
// installed, and waits until it is ready.
func guard(t *testing.T) guarded {
	t.Helper()
	g := guarded{shared.Cluster(t)}
	imported.Do(func() { g.importAgent(t) })
	g.kubectl(t, "apply", "--kustomize="+overlay(t))
	g.ready(t)
	t.Cleanup(func() {
		if t.Failed() {
			log, err := g.Kubectl(context.WithoutCancel(t.Context()), "--namespace="+system, "logs", daemonSet, "--tail=50")
			t.Log(log, err)
		}
	})
	return g
}

// imported: the agent's image is on the node.
var imported sync.Once

// importAgent builds the image of the Dockerfile and puts it on the node.
func (g guarded) importAgent(t *testing.T) {
	t.Helper()
	archive, err := lab.Cache(t).Image(t.Context(), runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.ImportArchive(t.Context(), archive, build.ImageName); err != nil {
		t.Fatal(err)
	}
}

// ready waits until the agent is.
func (g guarded) ready(t *testing.T) {
	t.Helper()
	g.kubectl(t, "--namespace="+system, "rollout", "status", daemonSet, "--timeout=90s")
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
	patience = 90 * time.Second
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
