// Package k8s_test holds the tests of specguard on a Kubernetes cluster, where
// its agent runs as the pod of a DaemonSet. They know the cluster by its
// kubeconfig and have a shell on its node, no more.
package k8s_test

import (
	"context"
	_ "embed"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cluster"
	"github.com/specguard/specguard/e2e/kube"
	"github.com/specguard/specguard/e2e/lab"
)

var shared lab.Lab

func TestMain(m *testing.M) { os.Exit(shared.Run(m, closeShell)) }

// The agent's namespace and its DaemonSet.
const (
	system    = "specguard-system"
	daemonSet = "daemonset/specguard"
)

//go:embed testdata/containerd/tenants.yaml
var tenants string

// overlay is the folder of what is applied: an overlay over those in deploy/.
func overlay(t *testing.T, name string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// A guarded is a cluster with the agent on its node.
type guarded struct {
	*kube.Client
	node *kube.Node
}

// isCRIO: the node runs CRI-O, always with the OCI runtime wrapper.
func (g guarded) isCRIO() bool { return build.Project(g.node.Runtime) == build.ProjectCRIO }

// guard installs the agent, with the policies of tenants, where it is not
// installed, and waits until it is ready.
func guard(t *testing.T) guarded {
	t.Helper()
	g := bare(t)
	g.install(t)
	return g
}

// bare is the cluster, whatever is installed.
func bare(t *testing.T) guarded {
	t.Helper()
	g := guarded{Client: shared.Cluster(t)}
	g.node = node(t, g.Client)
	t.Cleanup(func() {
		if t.Failed() {
			log, err := g.Kubectl(context.WithoutCancel(t.Context()), "--namespace="+system, "logs", daemonSet, "--all-containers", "--tail=50")
			t.Log(log, err)
		}
	})
	return g
}

// install applies what a test's cluster has.
func (g guarded) install(t *testing.T) {
	t.Helper()
	_, missing := g.node.Run(context.WithoutCancel(t.Context()), "test -e /usr/local/bin/specguard-runtime")
	g.kubectl(t, "apply", "--kustomize="+overlay(t, g.node.Runtime))
	g.ready(t)
	if g.isCRIO() && missing != nil {
		g.restartRuntime(t) // it reads its configuration at start
	}
}

var shell struct {
	sync.Mutex
	node *kube.Node
}

// node is the node with the shell that all tests share.
func node(t *testing.T, c *kube.Client) *kube.Node {
	t.Helper()
	shell.Lock()
	defer shell.Unlock()
	if shell.node == nil {
		n, err := c.Node(t.Context(), cluster.AppImage)
		if err != nil {
			t.Fatal(err)
		}
		shell.node = n
	}
	return shell.node
}

// closeShell removes the shell, which is all that the tests leave on a cluster.
func closeShell() error {
	if shell.node == nil {
		return nil
	}
	return shell.node.Close(context.Background())
}

// ready waits until the agents are.
func (g guarded) ready(t *testing.T) {
	t.Helper()
	g.kubectl(t, "--namespace="+system, "rollout", "status", daemonSet, "--timeout=150s")
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

// namespace makes a namespace that goes with the test, anew where there is one.
func (g guarded) namespace(t *testing.T, name string) {
	t.Helper()
	g.kubectl(t, "delete", "namespace", name, "--ignore-not-found")
	t.Cleanup(func() { g.kubectl(t, "delete", "namespace", name, "--ignore-not-found", "--wait=false") })
	if err := g.Namespace(t.Context(), name); err != nil {
		t.Fatal(err)
	}
}

const (
	patience = 150 * time.Second
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
