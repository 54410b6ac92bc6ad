// Package node runs a private containerd or CRI-O: its own folders, sockets,
// cgroups, images and NRI settings. Any number of nodes live side by side, and nothing
// of a node survives its Close, or the process that made it.
package node

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

// Images that every node has.
const (
	PauseImage = "registry.example.com/pause:1"
	AppImage   = "registry.example.com/team/app:1"
)

// Options say what a node is like. Programs and Runc are required.
type Options struct {
	Programs build.Programs
	// Runc is the OCI runtime of every runtime handler: a runc, or what wraps
	// one; see [Node.Setenv].
	Runc string
	// Wrapped: Runc edits bundles, so that what containers run with stands
	// nowhere else.
	Wrapped bool
	// Images besides PauseImage and AppImage.
	Images []image.Image
	// NRI's timeouts; NRI's own defaults if zero (5 s and 2 s).
	RegistrationTimeout, RequestTimeout time.Duration
	// Extra is TOML that is merged over the container runtime's configuration.
	Extra string
	// BeforeStart, if set, is called when the node's folders are there and
	// the container runtime has never run; for pre-installed NRI plugins and
	// the files and environment of an OCI runtime.
	BeforeStart func(*Node) error
}

// A Node is a container runtime that runs, or that has been stopped.
type Node struct {
	// CRI talks to the node as a kubelet does.
	CRI *cri.Client

	options Options
	paths   paths
	engine  engine
	env     []string
	// configured: the daemon's configuration has been written, with env.
	configured bool
	scope      *scope.Scope
	daemon     *scope.Process
}

// Start makes a node and waits until it serves containers.
func Start(ctx context.Context, o Options) (*Node, error) {
	p, err := newPaths(filepath.Base(o.Programs.Daemon))
	if err != nil {
		return nil, err
	}
	n := &Node{options: o, paths: p, engine: newEngine(o, p)}
	if n.scope, err = scope.New(p.dir); err != nil {
		return nil, err
	}
	if err := n.setUp(ctx); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// setUp writes the node's files, starts the runtime and imports the images.
func (n *Node) setUp(ctx context.Context) (err error) {
	if err := n.engine.prepare(); err != nil {
		return err
	}
	if n.options.BeforeStart != nil {
		if err := n.options.BeforeStart(n); err != nil {
			return err
		}
	}
	layout := cri.Layout{CgroupParent: "/" + n.scope.Cgroup(), LogRoot: n.paths.logs, SpecFile: n.engine.specFile}
	if n.Release().Project == build.ProjectCRIO {
		layout.KubeletDir = n.KubeletDir()
	}
	n.CRI, err = cri.Dial(n.paths.socket, layout)
	if err != nil {
		return err
	}
	if err := n.StartDaemon(ctx); err != nil {
		return err
	}
	return n.importImages(ctx)
}

// importImages makes the images and waits until CRI knows them.
func (n *Node) importImages(ctx context.Context) error {
	images := append([]image.Image{image.Pause(PauseImage), {Name: AppImage}}, n.options.Images...)
	file, err := os.Create(n.paths.images)
	if err != nil {
		return fmt.Errorf("make images: %w", err)
	}
	defer file.Close()
	if err := image.Write(file, build.Busybox, images...); err != nil {
		return err
	}
	names := image.Names(images)
	bounded, cancel := context.WithTimeout(ctx, startTimeout())
	defer cancel()
	if err := n.engine.importImages(bounded, n.paths.images, names); err != nil {
		return err
	}
	return n.waitReady(ctx, names...)
}

// Setenv sets a variable in the environment that the node's OCI runtime is
// started with, from the next start of the container runtime on.
func (n *Node) Setenv(key, value string) {
	n.env = append(n.env, key+"="+value)
	n.configured = false
}

// Close ends every process of the node and removes all that it left: mounts,
// cgroups and files. Further calls do nothing.
func (n *Node) Close() error {
	if n.CRI != nil {
		n.CRI.Close()
	}
	return n.scope.Close()
}

// Dir is the node's folder; everything in it goes with the node.
func (n *Node) Dir() string { return n.paths.dir }

// Config is the container runtime's main configuration file.
func (n *Node) Config() string { return n.paths.config }

// Socket is the container runtime's socket.
func (n *Node) Socket() string { return n.paths.socket }

// NRISocket is where NRI plugins connect.
func (n *Node) NRISocket() string { return n.paths.nriSocket }

// PluginDir is where NRI looks for plugins that it starts by itself.
func (n *Node) PluginDir() string { return n.paths.nriPlugins }

// PluginConfigDir is where NRI looks for the configuration of plugins.
func (n *Node) PluginConfigDir() string { return n.paths.nriConfig }

// Cgroups are the node's folders in every cgroup hierarchy.
func (n *Node) Cgroups() []string { return n.scope.Cgroups() }

// Wrapped tells whether the node's OCI runtime edits bundles.
func (n *Node) Wrapped() bool { return n.options.Wrapped }

// KubeletDir is where a kubelet of the node would keep its files.
func (n *Node) KubeletDir() string { return filepath.Join(n.paths.dir, "kubelet") }

// RuntimeDirs are the folders in which the container runtime keeps its files.
func (n *Node) RuntimeDirs() []string {
	return append(n.engine.storage(), n.paths.root, n.paths.state)
}

// Bundle is the config.json that a container, or a pod's sandbox, runs with; ""
// where CRI tells it.
func (n *Node) Bundle(id string) string { return n.engine.specFile(id) }

// Release is the container runtime that the node runs.
func (n *Node) Release() build.Release { return n.options.Programs.Release }
