// Package cluster runs a Kubernetes cluster of one node: etcd, the API server,
// the controller manager, the scheduler, a kubelet and containerd, in
// namespaces of their own, where they have the paths that they have on any
// node. Nothing of a cluster survives its Close, or the process that made it.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/image"
	"github.com/specguard/specguard/e2e/scope"
)

// Images that every cluster has.
const (
	PauseImage = "registry.example.com/pause:1"
	AppImage   = "registry.example.com/team/app:1"
)

// Paths on the node.
const (
	StaticPods = "/etc/kubernetes/manifests" // a pod for each manifest in it

	socket = "/run/containerd/containerd.sock"
)

// NodeName is the name of the only node.
const NodeName = "node1"

// startTimeout bounds each step of a start.
const startTimeout = 60 * time.Second

// Options say what a cluster is like. Programs, Runc and Kubernetes are
// required.
type Options struct {
	Programs   build.Programs
	Runc       string
	Kubernetes build.Kubernetes
	// Files are put on the node, by path, before anything starts; for example in
	// /etc/containerd/conf.d.
	Files map[string]string
}

// A Cluster is a cluster that runs.
type Cluster struct {
	options Options
	scope   *scope.Scope
	host    *namespaces
	cri     *cri.Client
	daemons []daemon
}

// Start makes a cluster and waits until its node is ready.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	dir, err := os.MkdirTemp("", "sg-k8s-")
	if err != nil {
		return nil, fmt.Errorf("make cluster folder: %w", err)
	}
	// Whoever is root in a user namespace has to get through it.
	if err := os.Chmod(dir, 0o711); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("make cluster folder: %w", err)
	}
	c := &Cluster{options: o}
	if c.scope, err = scope.New(dir); err != nil {
		return nil, err
	}
	if err := c.setUp(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// setUp starts everything, in the order in which it is needed.
func (c *Cluster) setUp(ctx context.Context) error {
	if err := c.makeCgroups(); err != nil {
		return err
	}
	var err error
	if c.host, err = enter(ctx, c.scope); err != nil {
		return err
	}
	if err := c.configure(); err != nil {
		return err
	}
	for _, d := range []daemon{c.containerd(), c.etcd(), c.apiServer()} {
		if err := c.launch(d); err != nil {
			return err
		}
	}
	if c.cri, err = cri.Dial(c.Path(socket), cri.Layout{}); err != nil {
		return err
	}
	if err := c.waitFor(ctx, "containerd", func(ctx context.Context) error { return c.cri.Ready(ctx) }); err != nil {
		return err
	}
	if err := c.Import(ctx, image.Pause(PauseImage), image.Image{Name: AppImage}); err != nil {
		return err
	}
	if err := c.waitFor(ctx, "the API server", c.apiReady); err != nil {
		return err
	}
	for _, d := range []daemon{c.kubelet(), c.controllerManager(), c.scheduler()} {
		if err := c.launch(d); err != nil {
			return err
		}
	}
	return c.waitFor(ctx, "the node", c.nodeReady)
}

// Close ends every process of the cluster, its containers too, and removes all
// that it left. Further calls do nothing.
func (c *Cluster) Close() error {
	if c.cri != nil {
		c.cri.Close()
	}
	return c.scope.Close()
}

// Path is where the machine sees a path of the node.
func (c *Cluster) Path(path string) string { return c.host.path(path) }

// Cgroups are the cluster's folders in every cgroup hierarchy.
func (c *Cluster) Cgroups() []string { return c.scope.Cgroups() }

// Dir is the cluster's folder; everything in it goes with the cluster.
func (c *Cluster) Dir() string { return c.scope.Dir() }

// Run runs a program on the node and returns what it prints.
func (c *Cluster) Run(ctx context.Context, program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := c.host.command(ctx, program, args...).CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s: %w: %s", program, err, out)
	}
	return string(out), nil
}

func (c *Cluster) file(name string) string { return filepath.Join(c.Dir(), name) }

// writeFile writes a file of the node.
func (c *Cluster) writeFile(path string, content []byte) error {
	path = c.Path(path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write on the node: %w", err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fmt.Errorf("write on the node: %w", err)
	}
	return nil
}
