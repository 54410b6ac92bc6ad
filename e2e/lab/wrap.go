package lab

import (
	"testing"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/node"
)

// Wrap puts specguard-runtime, built from the checkout, in the place of a
// node's OCI runtime.
func Wrap(t testing.TB, w agent.Wrapping) func(*node.Options) {
	t.Helper()
	var err error
	if w.Binary, err = Cache(t).Runtime(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w.Wrap
}
