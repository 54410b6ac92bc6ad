package cluster

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/specguard/specguard/e2e/scope"
)

//go:embed namespaces.sh
var namespacesScript string

// nodeAddress is the node's address, in a network that only the cluster has.
const nodeAddress = "10.99.0.1"

// namespaces are the pid, mount, network, UTS and IPC namespaces of a cluster.
// They end, with every process in them, when their first process does.
type namespaces struct {
	init    int // the id of the first process
	process *scope.Process
	log     string
}

// enter makes the namespaces and the node's paths and network in them.
func enter(ctx context.Context, s *scope.Scope) (*namespaces, error) {
	n := &namespaces{log: filepath.Join(s.Dir(), "namespaces.log")}
	var err error
	n.process, err = s.Spawn(exec.Command("unshare", "--pid", "--fork", "--kill-child", "--mount", "--net", "--uts", "--ipc",
		"--mount-proc", "--propagation", "slave", "/bin/sh", "-c", namespacesScript, "init", s.Dir(), nodeAddress, NodeName), n.log)
	if err != nil {
		return nil, err
	}
	ready := filepath.Join(s.Dir(), "ready")
	if err := poll(ctx, func(context.Context) error {
		if _, err := os.Stat(ready); err != nil {
			return err
		}
		n.init, err = child(n.process)
		return err
	}, n.alive); err != nil {
		return nil, fmt.Errorf("make namespaces: %w", err)
	}
	return n, nil
}

// child is the id of the only child of a process.
func child(p *scope.Process) (int, error) {
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", p.PID(), p.PID()))
	if err != nil {
		return 0, fmt.Errorf("find a process: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(children)))
	if err != nil {
		return 0, fmt.Errorf("find a process: children of %d: %w", p.PID(), err)
	}
	return pid, nil
}

func (n *namespaces) alive() error {
	select {
	case <-n.process.Done():
		return errors.New(scope.Tail(n.log))
	default:
		return nil
	}
}

// nodePath is where programs of the node are.
const nodePath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// command is a command that runs in the namespaces.
func (n *namespaces) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{"--target", strconv.Itoa(n.init),
		"--pid", "--mount", "--net", "--uts", "--ipc", "--", program}, args...)...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), nodePath)
	cmd.WaitDelay = time.Second
	return cmd
}

// path is where the machine sees a path of the mount namespace.
func (n *namespaces) path(path string) string {
	return filepath.Join("/proc", strconv.Itoa(n.init), "root", path)
}

// pollInterval is how often what is waited for is asked about.
const pollInterval = 100 * time.Millisecond

// poll waits until ask has no error, no longer than startTimeout and not if
// alive has one.
func poll(ctx context.Context, ask func(context.Context) error, alive func() error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		if dead := alive(); dead != nil {
			return dead
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pollInterval):
		}
	}
}
