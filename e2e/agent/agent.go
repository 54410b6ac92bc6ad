// Package agent runs the specguard agent on a test node, in both forms that
// NRI knows: as a daemon that connects to NRI's socket, and pre-installed,
// started by the runtime itself.
package agent

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/specguard/specguard/e2e/node"
	"github.com/specguard/specguard/e2e/patience"
	"github.com/specguard/specguard/e2e/scope"
)

const (
	readyPoll   = 50 * time.Millisecond // the agent takes 5 connections a second
	httpTimeout = 5 * time.Second
)

func readyTimeout() time.Duration { return patience.For(15 * time.Second) }

// Options say how to run an agent. Binary and either Policies or PolicyDir are
// what one usually sets.
type Options struct {
	// Binary is the specguard program.
	Binary string
	// Config is the content of the configuration file. The node's RuntimeDirs
	// are added to it.
	Config string
	// Policies are the policy files by name; they are written to a folder of
	// the agent's own. PolicyDir, if set, is an existing folder to use instead.
	Policies  map[string]string
	PolicyDir string
	// Opener is the value of --opener, if any.
	Opener string
	// DecisionLogFlag is the flag for the decision log of an agent that does not
	// know --decision-log.
	DecisionLogFlag string
	// Args are added to the command line.
	Args []string
	// Env is added to the environment.
	Env []string
}

func (o Options) decisionLogFlag() string { return cmp.Or(o.DecisionLogFlag, "--decision-log") }

// An Agent is a specguard daemon on a node.
type Agent struct {
	node    *node.Node
	files   files
	http    string
	client  http.Client
	process *scope.Process
	options Options
}

// files are the agent's files, in a folder below its node's.
type files struct {
	dir, config, policies, audit, log, pid string
}

func newFiles(n *node.Node, o Options) (files, error) {
	dir, err := os.MkdirTemp(n.Dir(), "agent-")
	if err != nil {
		return files{}, fmt.Errorf("make agent folder: %w", err)
	}
	f := files{
		dir:      dir,
		config:   filepath.Join(dir, "config.yaml"),
		policies: filepath.Join(dir, "policies"),
		audit:    filepath.Join(dir, "audit.log"),
		log:      filepath.Join(dir, "agent.log"),
		pid:      filepath.Join(dir, "pid"),
	}
	if o.PolicyDir != "" {
		f.policies = o.PolicyDir
	} else if err := writePolicies(f.policies, o.Policies); err != nil {
		return files{}, err
	}
	return f, writeConfig(f.config, n, o.Config)
}

// args is the command line of `specguard run`, without the configuration file.
func (f files) args(o Options, n *node.Node, http string) []string {
	args := []string{"run", "--policy-dir", f.policies,
		"--nri-socket", n.NRISocket(), "--containerd-socket", n.Socket(), "--runtime-socket", RuntimeSocket(n),
		"--http", http, o.decisionLogFlag(), f.audit, "--log-format", "json"}
	if o.Opener != "" {
		args = append(args, "--opener", o.Opener)
	}
	return append(args, o.Args...)
}

// Start runs an agent on n and waits until it is ready. It ends with the node
// at the latest.
func Start(ctx context.Context, n *node.Node, o Options) (*Agent, error) {
	a, err := Launch(n, o)
	if err != nil {
		return nil, err
	}
	if err := a.WaitReady(ctx); err != nil {
		a.Kill(ctx)
		return nil, err
	}
	return a, nil
}

// Launch runs an agent on n and does not wait for anything.
func Launch(n *node.Node, o Options) (*Agent, error) {
	a, err := newAgent(n, o)
	if err != nil {
		return nil, err
	}
	return a, a.Again()
}

// newAgent makes an agent's files and finds it an address; nothing runs yet.
func newAgent(n *node.Node, o Options) (*Agent, error) {
	f, err := newFiles(n, o)
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	return &Agent{node: n, files: f, http: address, client: http.Client{Timeout: httpTimeout}, options: o}, nil
}

// Again starts the agent once more, after Stop or Kill, with the same files.
func (a *Agent) Again() error {
	cmd := exec.Command(a.options.Binary, append(a.files.args(a.options, a.node, a.http), "--config", a.files.config)...)
	cmd.Dir = a.files.dir
	cmd.Env = append(os.Environ(), a.options.Env...)
	process, err := a.node.Spawn(cmd, a.files.log)
	if err != nil {
		return err
	}
	a.process = process
	return nil
}

// freeAddress returns a loopback address that nobody listens on. Its port is above those that the
// kernel gives to whoever names none, who could take it before the agent does.
func freeAddress() (string, error) {
	const first, ports, tries = 61000, 4500, 100
	var failed error
	for range tries {
		address := fmt.Sprintf("127.0.0.1:%d", first+rand.IntN(ports))
		listener, err := net.Listen("tcp", address)
		if err == nil {
			return address, listener.Close()
		}
		failed = err
	}
	return "", fmt.Errorf("find a free port: %w", failed)
}

// WaitReady waits until /readyz answers 200.
func (a *Agent) WaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout())
	defer cancel()
	for {
		body, err := a.Get(ctx, "/readyz")
		if err == nil {
			return nil
		}
		select {
		case <-a.done():
			return fmt.Errorf("the agent ended (%v): %s", a.process.Err(), a.Log()) //nolint:errorlint // nil where it ended well
		case <-ctx.Done():
			return fmt.Errorf("the agent is not ready: %w: %s: %s", err, body, a.Log())
		case <-time.After(readyPoll):
		}
	}
}

// Configure replaces the configuration file, for the agent's next start.
func (a *Agent) Configure(config string) error {
	a.options.Config = config
	return writeConfig(a.files.config, a.node, config)
}

// SetPolicies replaces the policy files of an agent that has its own folder.
// The agent notices by itself.
func (a *Agent) SetPolicies(policies map[string]string) error {
	if a.options.PolicyDir != "" {
		return fmt.Errorf("set policies: %s is not the agent's own folder", a.options.PolicyDir)
	}
	return writePolicies(a.files.policies, policies)
}

// RuntimeSocket is where the agents of a node answer the OCI runtime wrapper.
func RuntimeSocket(n *node.Node) string { return filepath.Join(n.Dir(), "specguard", "runtime.sock") }
