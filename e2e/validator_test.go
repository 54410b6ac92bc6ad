package e2e_test

import (
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
)

// TestHarnessPassesExtraConfiguration has the runtime's own validator refuse a
// container because a plugin is missing.
func TestHarnessPassesExtraConfiguration(t *testing.T) {
	n := lab.Private(t, build.Containerd2NRI, func(o *node.Options) {
		o.Extra = "[" + node.NRI + ".default_validator]\nenable = true\nrequired_plugins = ['specguard']\n"
	})
	pod, err := n.CRI.RunPod(t.Context(), n.CRI.Pod("required"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = pod.Create(t.Context(), cri.Container("main", node.AppImage, []string{"true"}))
	if err == nil || !strings.Contains(err.Error(), `validation error: required plugin "specguard" not present`) {
		t.Errorf("create without the required plugin: %v", err)
	}
}
