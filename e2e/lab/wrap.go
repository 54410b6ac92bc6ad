package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/node"
)

// wrapperConfig is the name of the wrapper's configuration in the node's folder.
const wrapperConfig = "runtime.yaml"

// Wrapping says how a node's OCI runtime is wrapped.
type Wrapping struct {
	// Socket is where the wrapper asks, below the node's folder; the agents'
	// own if empty.
	Socket string
	// Extra is more of the wrapper's configuration.
	Extra string
}

// Wrap puts specguard-runtime in the place of a node's OCI runtime.
func Wrap(t testing.TB, w Wrapping) func(*node.Options) {
	t.Helper()
	wrapper, err := Cache(t).Runtime(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return func(o *node.Options) {
		real := o.Runc
		o.Runc = wrapper
		o.BeforeStart = func(n *node.Node) error { return w.configure(n, real) }
	}
}

// configure writes the wrapper's configuration and tells the wrapper of it.
func (w Wrapping) configure(n *node.Node, real string) error {
	socket := agent.RuntimeSocket(n)
	if w.Socket != "" {
		socket = filepath.Join(n.Dir(), w.Socket)
	}
	file := filepath.Join(n.Dir(), wrapperConfig)
	text := fmt.Sprintf("runtimes: {specguard-runtime: %s}\nsocket: %s\n%s\n", real, socket, w.Extra)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return fmt.Errorf("wrapper's configuration: %w", err)
	}
	n.Setenv("SPECGUARD_RUNTIME_CONFIG", file)
	return nil
}
