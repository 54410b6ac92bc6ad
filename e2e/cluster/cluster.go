// Package cluster runs a Kubernetes cluster of one node: etcd, the API server,
// the controller manager, the scheduler, a kubelet and containerd or CRI-O, in
// namespaces of their own, where they have the paths that they have on any
// node. Nothing of a cluster survives its Close, or the process that made it.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/image"
	"github.com/specguard/specguard/e2e/kube"
	"github.com/specguard/specguard/e2e/scope"
)

// Images that every cluster has.
const (
	pauseImage = "registry.example.com/pause:1"
	AppImage   = "registry.example.com/team/app:1"
	UserImage  = "registry.example.com/team/user:1" // its user is not root
)

// Images are those that tests start in pods. They are made of busybox.
func Images() []image.Image {
	return []image.Image{{Name: AppImage}, {Name: UserImage, User: "1000"}}
}

// staticPods is a folder on the node: a pod for each manifest in it.
const staticPods = "/etc/kubernetes/manifests"

// NodeName is the name of the only node.
const NodeName = "node1"

// startTimeout bounds each step of a start.
const startTimeout = 60 * time.Second

// A Cluster is a cluster that runs, and its administrator.
type Cluster struct {
	kube.Client

	options Options
	scope   *scope.Scope
	host    *namespaces
	engine  engine
	api     net.Listener
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
	if c.api, err = c.host.forward(apiServer); err != nil {
		return err
	}
	c.Client = kube.Client{Program: c.options.Kubernetes.Kubectl, Kubeconfig: c.file("admin.conf"), CacheDir: c.file("kubectl")}
	c.engine = c.newEngine()
	if err := c.configure(); err != nil {
		return err
	}
	for _, d := range []daemon{c.runtime(), c.etcd(), c.apiServer()} {
		if err := c.launch(d); err != nil {
			return err
		}
	}
	if c.cri, err = cri.Dial(c.path(c.engine.socket()), cri.Layout{}); err != nil {
		return err
	}
	if err := c.waitFor(ctx, "the container runtime", func(ctx context.Context) error { return c.cri.Ready(ctx) }); err != nil {
		return fmt.Errorf("%w: %s", err, scope.Tail(c.log(c.runtime().name)))
	}
	if err := c.importImages(ctx, append(Images(), image.Pause(pauseImage))); err != nil {
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
	if c.api != nil {
		c.api.Close()
	}
	return c.scope.Close()
}

// path is where the machine sees a path of the node.
func (c *Cluster) path(path string) string { return c.host.path(path) }

// Cgroups are the cluster's folders in every cgroup hierarchy.
func (c *Cluster) Cgroups() []string { return c.scope.Cgroups() }

// Dir is the cluster's folder; everything in it goes with the cluster.
func (c *Cluster) Dir() string { return c.scope.Dir() }

func (c *Cluster) file(name string) string { return filepath.Join(c.Dir(), name) }

// writeFile writes a file of the node.
func (c *Cluster) writeFile(path string, content []byte) error {
	path = c.path(path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write on the node: %w", err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fmt.Errorf("write on the node: %w", err)
	}
	return nil
}
