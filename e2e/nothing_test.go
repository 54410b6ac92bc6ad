package e2e_test

import (
	"testing"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
)

// TestNothingChangesNothing runs the benchmark's do-nothing plugin, and with
// it an up-to-date NRI stub with specguard's subscriptions, on every release.
func TestNothingChangesNothing(t *testing.T) {
	eachRelease(t, func(t *testing.T, n *node.Node) {
		binary, err := lab.Cache(t).Nothing(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		plugin, err := agent.StartNothing(t.Context(), n, binary)
		if err != nil {
			t.Fatal(err)
		}
		defer plugin.Stop(t.Context())
		pod, err := n.CRI.RunPod(t.Context(), n.CRI.Pod("nothing"))
		if err != nil {
			t.Fatal(err)
		}
		defer pod.Remove(t.Context())
		c, err := pod.Run(t.Context(), cri.Container("main", node.AppImage, cri.TellTruth()))
		if err != nil {
			t.Fatal(err)
		}
		truth, err := c.Truth(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		caps := defaultCaps(n)
		sameTruth(t, "main process", truth, cri.Truth{Permitted: caps, Effective: caps, Bounding: caps, RootWritable: true})
		select {
		case <-plugin.Done():
			t.Errorf("the plugin ended: %v", plugin.Err())
		default:
		}
	})
}
