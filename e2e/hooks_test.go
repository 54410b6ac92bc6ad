package e2e_test

import (
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
)

// TestRuntimeForbidsHooks has NRI's validator refuse what a seal is.
func TestRuntimeForbidsHooks(t *testing.T) {
	g := guard(t, lab.Private(t, build.Containerd2, func(o *node.Options) {
		o.Extra = "[" + node.NRI + ".default_validator]\nenable = true\nreject_oci_hook_adjustment = true\n"
	}))
	_, err := g.create(t, g.pod(t, "hooks"), "main")
	if err == nil || !strings.Contains(err.Error(), "specguard") || !strings.Contains(err.Error(), "attempted restricted OCI hook injection") {
		t.Errorf("create: %v", err)
	}
}
