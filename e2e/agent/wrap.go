package agent

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/specguard/specguard/e2e/node"
)

// wrapperConfig is the name of the wrapper's configuration in the node's folder.
const wrapperConfig = "runtime.yaml"

// Wrapping says how a node's OCI runtime is wrapped by specguard-runtime.
type Wrapping struct {
	// Binary is the wrapper.
	Binary string
	// Socket is where the wrapper asks, below the node's folder; the agents'
	// own if empty.
	Socket string
	// Extra is more of the wrapper's configuration.
	Extra string
}

// Wrap puts the wrapper in the place of the OCI runtime of a node to start.
func (w Wrapping) Wrap(o *node.Options) {
	real := o.Runc
	o.Runc, o.Wrapped = w.Binary, true
	o.BeforeStart = func(n *node.Node) error {
		file, err := w.configure(n, real)
		n.Setenv("SPECGUARD_RUNTIME_CONFIG", file)
		return err
	}
}

// configure writes the wrapper's configuration.
func (w Wrapping) configure(n *node.Node, real string) (string, error) {
	socket := RuntimeSocket(n)
	if w.Socket != "" {
		socket = filepath.Join(n.Dir(), w.Socket)
	}
	file := filepath.Join(n.Dir(), wrapperConfig)
	text := fmt.Sprintf("runtimes: {specguard-runtime: %s}\nsocket: %s\n%s\n", real, socket, w.Extra)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("wrapper's configuration: %w", err)
	}
	return file, nil
}
