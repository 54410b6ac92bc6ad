package cluster_test

import (
	"os"
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/cluster"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/require"
)

func TestAClusterRunsPodsAndLeavesNothing(t *testing.T) {
	require.Cluster(t)
	c, err := cluster.Start(t.Context(), lab.ClusterOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	out, err := c.Kubectl(t.Context(), "run", "hello", "--image="+cluster.AppImage, "--image-pull-policy=Never",
		"--restart=Never", "--attach", "--quiet", "--", "echo", "it runs")
	if err != nil || !strings.Contains(out, "it runs") {
		t.Fatalf("kubectl run: %q, %v", out, err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range append(c.Cgroups(), c.Dir()) {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is left", path)
		}
	}
}
