package cluster_test

import (
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/cluster"
	"github.com/specguard/specguard/e2e/footprint"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/require"
)

// TestClusterLeavesNothingWhenKilled kills the process that a cluster belongs to.
func TestClusterLeavesNothingWhenKilled(t *testing.T) {
	require.Cluster(t)
	footprint.Killed(t, func() footprint.Footprint {
		c, err := cluster.Start(t.Context(), lab.ClusterOptions(t))
		if err != nil {
			t.Fatal(err)
		}
		out, err := c.Kubectl(t.Context(), "run", "hello", "--image="+cluster.AppImage, "--image-pull-policy=Never",
			"--restart=Never", "--attach", "--quiet", "--", "echo", "it runs")
		if err != nil || !strings.Contains(out, "it runs") {
			t.Fatalf("kubectl run: %q, %v", out, err)
		}
		return footprint.Footprint{Dir: c.Dir(), Cgroups: c.Cgroups()}
	}).Gone(t)
}
