package e2e_test

import (
	"testing"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/footprint"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
	"github.com/specguard/specguard/e2e/require"
)

// inUse starts a node with a container and returns its footprint.
func inUse(t *testing.T, release build.Release) (*node.Node, footprint.Footprint) {
	t.Helper()
	n := lab.Private(t, release, nil)
	pod, err := n.CRI.RunPod(t.Context(), n.CRI.Pod("left"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pod.Run(t.Context(), cri.Container("main", node.AppImage, []string{"sleep", "600"})); err != nil {
		t.Fatal(err)
	}
	return n, footprint.Footprint{Dir: n.Dir(), Cgroups: n.Cgroups()}
}

func TestHarnessLeavesNothing(t *testing.T) {
	for _, release := range releases {
		t.Run(release.String(), func(t *testing.T) {
			n, f := inUse(t, release)
			if left := f.Left(t); len(left) < 4 {
				t.Errorf("a running node has only %q: nothing is shown by this", left)
			}
			if err := n.Close(); err != nil {
				t.Fatal(err)
			}
			if left := f.Left(t); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

// TestHarnessLeavesNothingWhenKilled kills the process that a node belongs to.
func TestHarnessLeavesNothingWhenKilled(t *testing.T) {
	for _, release := range releases {
		t.Run(release.String(), func(t *testing.T) {
			require.Release(t, release)
			footprint.Killed(t, func() footprint.Footprint {
				_, f := inUse(t, release)
				return f
			}).Gone(t)
		})
	}
}
