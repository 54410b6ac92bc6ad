package node

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/specguard/specguard/e2e/patience"
	"github.com/specguard/specguard/e2e/scope"
)

const readyPoll = 20 * time.Millisecond

func startTimeout() time.Duration { return patience.For(30 * time.Second) }

// StartDaemon starts the container runtime and waits until CRI answers. The
// configuration is written once, so that edits of it stay.
func (n *Node) StartDaemon(ctx context.Context) error {
	if !n.configured {
		if err := n.engine.configure(n.env); err != nil {
			return err
		}
		n.configured = true
	}
	daemon, err := n.Spawn(n.engine.command(n.env), n.paths.daemonLog)
	if err != nil {
		return err
	}
	n.daemon = daemon
	return n.waitReady(ctx)
}

// Spawn starts cmd so that it ends with the node, and appends what it prints to
// the file log.
func (n *Node) Spawn(cmd *exec.Cmd, log string) (*scope.Process, error) {
	return n.scope.Spawn(cmd, log)
}

// Share makes a share of the CPU for processes of the node, as pods have one by
// their requests.
func (n *Node) Share(name string, milliCPU int) (*scope.Share, error) {
	return n.scope.Share(name, milliCPU)
}

// waitReady waits until CRI answers and knows the images.
func (n *Node) waitReady(ctx context.Context, images ...string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout())
	defer cancel()
	for {
		err := n.CRI.Ready(ctx, images...)
		if err == nil {
			return nil
		}
		select {
		case <-n.daemon.Done():
			//nolint:errorlint // nil where it ended well
			return fmt.Errorf("%s ended (%v): %s", n.Release().Project, n.daemon.Err(), scope.Tail(n.paths.daemonLog))
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w: %s", n.Release().Project, err, scope.Tail(n.paths.daemonLog))
		case <-time.After(readyPoll):
		}
	}
}

// Stop ends the container runtime as a service manager does; containers run
// on.
func (n *Node) Stop(ctx context.Context) error { return n.daemon.Stop(ctx) }

// Kill ends the container runtime with SIGKILL; containers run on.
func (n *Node) Kill(ctx context.Context) error { return n.daemon.Kill(ctx) }

// Restart stops the container runtime and starts it again.
func (n *Node) Restart(ctx context.Context) error {
	if err := n.Stop(ctx); err != nil {
		return err
	}
	return n.StartDaemon(ctx)
}

// PID is the container runtime's process id.
func (n *Node) PID() int { return n.daemon.PID() }

// Logs returns what the container runtime has logged since the node was made.
func (n *Node) Logs() (string, error) {
	data, err := os.ReadFile(n.paths.daemonLog)
	if err != nil {
		return "", fmt.Errorf("log of %s: %w", n.Release().Project, err)
	}
	return string(data), nil
}
