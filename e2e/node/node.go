// Package node runs a private containerd: its own folders, sockets, cgroups,
// images and NRI settings. Any number of nodes live side by side, and nothing
// of a node survives its Close, or the process that made it.
package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/image"
)

// Images that every node has.
const (
	PauseImage = "registry.example.com/pause:1"
	AppImage   = "registry.example.com/team/app:1"
)

const (
	startTimeout = 30 * time.Second
	readyPoll    = 20 * time.Millisecond
)

// Options say what a node is like. Containerd and Runc are required.
type Options struct {
	Containerd build.Containerd
	Runc       string
	// Images besides PauseImage and AppImage.
	Images []image.Image
	// NRI's timeouts; NRI's own defaults if zero (5 s and 2 s).
	RegistrationTimeout, RequestTimeout time.Duration
	// Extra is TOML that is merged over containerd's configuration.
	Extra string
	// BeforeStart, if set, is called when the node's folders are there and
	// containerd has never run; for pre-installed NRI plugins.
	BeforeStart func(*Node) error
}

// A Node is a containerd that runs, or that has been stopped.
type Node struct {
	// CRI talks to the node as a kubelet does.
	CRI *cri.Client

	options Options
	paths   paths
	cgroup  cgroup
	janitor *janitor
	daemon  *Process
}

// Start makes a node and waits until it serves containers.
func Start(ctx context.Context, o Options) (*Node, error) {
	p, err := newPaths()
	if err != nil {
		return nil, err
	}
	n := &Node{options: o, paths: p}
	if n.cgroup, err = newCgroup("specguard-e2e-" + filepath.Base(p.dir)); err != nil {
		os.RemoveAll(p.dir)
		return nil, err
	}
	if n.janitor, err = hireJanitor(p.dir, n.cgroup.all); err != nil {
		os.RemoveAll(p.dir)
		os.RemoveAll(n.cgroup.daemons)
		return nil, err
	}
	if err := n.setUp(ctx); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// setUp writes the node's files, starts containerd and imports the images.
func (n *Node) setUp(ctx context.Context) error {
	snapshotter := chooseSnapshotter(n.paths.root)
	config, err := renderConfig(n.options, n.paths, snapshotter)
	if err != nil {
		return err
	}
	if err := os.WriteFile(n.paths.config, config, 0o644); err != nil {
		return fmt.Errorf("containerd configuration: %w", err)
	}
	if n.options.BeforeStart != nil {
		if err := n.options.BeforeStart(n); err != nil {
			return err
		}
	}
	n.CRI, err = cri.Dial(n.paths.socket, cri.Layout{CgroupParent: "/" + n.cgroup.name, LogRoot: n.paths.logs})
	if err != nil {
		return err
	}
	if err := n.StartDaemon(ctx); err != nil {
		return err
	}
	return n.importImages(ctx, snapshotter)
}

// StartDaemon starts containerd and waits until CRI answers.
func (n *Node) StartDaemon(ctx context.Context) error {
	cmd := exec.Command(n.options.Containerd.Daemon, "--config", n.paths.config)
	cmd.Dir = n.paths.dir
	cmd.Env = append(os.Environ(), "PATH="+n.options.Containerd.Dir+":"+os.Getenv("PATH"))
	daemon, err := n.Spawn(cmd, n.paths.daemonLog)
	if err != nil {
		return err
	}
	n.daemon = daemon
	return n.waitReady(ctx)
}

// waitReady waits until CRI answers and knows the images.
func (n *Node) waitReady(ctx context.Context, images ...string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := n.CRI.Ready(ctx, images...)
		if err == nil {
			return nil
		}
		select {
		case <-n.daemon.Done():
			return fmt.Errorf("containerd ended (%v): %s", n.daemon.Err(), tail(n.paths.daemonLog)) //nolint:errorlint // nil where it ended well
		case <-ctx.Done():
			return fmt.Errorf("wait for containerd: %w: %s", err, tail(n.paths.daemonLog))
		case <-time.After(readyPoll):
		}
	}
}

// importImages makes the images and waits until CRI, which learns of them from
// events, knows them.
func (n *Node) importImages(ctx context.Context, snapshotter string) error {
	images := append([]image.Image{image.Pause(PauseImage), {Name: AppImage}}, n.options.Images...)
	file, err := os.Create(n.paths.images)
	if err != nil {
		return fmt.Errorf("make images: %w", err)
	}
	defer file.Close()
	if err := image.Write(file, build.Busybox, images...); err != nil {
		return err
	}
	if _, err := n.Ctr(ctx, "images", "import", "--local", "--snapshotter", snapshotter, n.paths.images); err != nil {
		return err
	}
	var names []string
	for _, image := range images {
		names = append(names, image.Name)
	}
	return n.waitReady(ctx, names...)
}

// Ctr runs containerd's own client in the namespace of Kubernetes.
func (n *Node) Ctr(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, n.options.Containerd.Ctr,
		append([]string{"--address", n.paths.socket, "--namespace", "k8s.io"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ctr %s: %w: %s", args[0], err, out)
	}
	return string(out), nil
}

// Stop ends containerd as a service manager does; containers run on.
func (n *Node) Stop(ctx context.Context) error { return n.daemon.Stop(ctx) }

// Kill ends containerd with SIGKILL; containers run on.
func (n *Node) Kill(ctx context.Context) error { return n.daemon.Kill(ctx) }

// Restart stops containerd and starts it again.
func (n *Node) Restart(ctx context.Context) error {
	if err := n.Stop(ctx); err != nil {
		return err
	}
	return n.StartDaemon(ctx)
}

// Close ends every process of the node and removes all that it left: mounts,
// cgroups and files. Further calls do nothing.
func (n *Node) Close() error {
	if n.CRI != nil {
		n.CRI.Close()
	}
	return n.janitor.clean()
}

// Dir is the node's folder; everything in it goes with the node.
func (n *Node) Dir() string { return n.paths.dir }

// Config is containerd's configuration file.
func (n *Node) Config() string { return n.paths.config }

// Socket is containerd's socket.
func (n *Node) Socket() string { return n.paths.socket }

// NRISocket is where NRI plugins connect.
func (n *Node) NRISocket() string { return n.paths.nriSocket }

// PluginDir is where NRI looks for plugins that it starts by itself.
func (n *Node) PluginDir() string { return n.paths.nriPlugins }

// PluginConfigDir is where NRI looks for the configuration of plugins.
func (n *Node) PluginConfigDir() string { return n.paths.nriConfig }

// Cgroups are the node's folders in every cgroup hierarchy.
func (n *Node) Cgroups() []string { return n.cgroup.all }

// Release is the containerd that the node runs.
func (n *Node) Release() build.Release { return n.options.Containerd.Release }

// PID is containerd's process id.
func (n *Node) PID() int { return n.daemon.PID() }

// Logs returns what containerd has logged since the node was made.
func (n *Node) Logs() (string, error) {
	data, err := os.ReadFile(n.paths.daemonLog)
	if err != nil {
		return "", fmt.Errorf("containerd log: %w", err)
	}
	return string(data), nil
}
