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

// Wrap puts specguard-runtime in the place of a node's OCI runtime. extra is
// more of its configuration.
func Wrap(t testing.TB, extra string) func(*node.Options) {
	t.Helper()
	wrapper, err := Cache(t).Runtime(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return func(o *node.Options) {
		real := o.Runc
		o.Runc = wrapper
		o.BeforeStart = func(n *node.Node) error { return configure(n, real, extra) }
	}
}

// configure writes the wrapper's configuration and tells the wrapper of it.
func configure(n *node.Node, real, extra string) error {
	file := filepath.Join(n.Dir(), wrapperConfig)
	text := fmt.Sprintf("runtimes: {specguard-runtime: %s}\nsocket: %s\n%s\n", real, agent.RuntimeSocket(n), extra)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return fmt.Errorf("wrapper's configuration: %w", err)
	}
	n.Setenv("SPECGUARD_RUNTIME_CONFIG", file)
	return nil
}
