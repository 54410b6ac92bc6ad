package e2e_test

import (
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
)

// TestStopExisting has the agent stop what ran unjudged while it was away.
func TestStopExisting(t *testing.T) {
	g := guard(t, lab.Private(t, build.Containerd1, nil))
	pod := g.pod(t, "away")
	if err := g.agent.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	unjudged, err := pod.Run(t.Context(), cri.Container("unjudged", node.AppImage, []string{"sleep", "600"}))
	if err != nil {
		t.Fatal(err)
	}
	if err := g.agent.Configure("existing: stop\n"); err != nil {
		t.Fatal(err)
	}
	if err := g.agent.Again(); err != nil {
		t.Fatal(err)
	}
	if code, err := unjudged.Wait(t.Context()); err != nil || code != 137 {
		t.Errorf("exit code %d, %v: want that it is killed", code, err)
	}
	g.works(t)
	metrics, err := g.agent.Metrics(t.Context())
	if err != nil || metrics["specguard_stopped_total"] != 1 {
		t.Errorf("stopped %v, %v", metrics["specguard_stopped_total"], err)
	}
}

// TestAgentAway shows what docs/deployment.md tells of runtimes that have not
// been told to require the plugin: what becomes of the first container and of
// the next when the agent hangs, and when it is gone.
func TestAgentAway(t *testing.T) {
	type fate = string
	const runs, refused, either fate = "runs", "refused", "" // either: who notices first
	for _, test := range []struct {
		release build.Release
		how     string
		config  func(*node.Options)
		want    [2]fate
	}{
		{build.Containerd1, "frozen", nil, [2]fate{runs, runs}},
		{build.Containerd1, "killed", nil, [2]fate{runs, runs}},
		{build.Containerd2, "frozen", nil, [2]fate{refused, runs}},
		{build.Containerd2, "killed", nil, [2]fate{refused, runs}},
		{build.Containerd2NRI, "frozen", nil, [2]fate{refused, refused}},
		{build.Containerd2NRI, "killed", nil, [2]fate{either, runs}},
		{build.Containerd2, "killed", required, [2]fate{refused, refused}},
		{build.Containerd2NRI, "killed", required, [2]fate{refused, refused}},
	} {
		name := test.release.String() + " " + test.how
		if test.config != nil {
			name += " required"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := guard(t, lab.Private(t, test.release, test.config))
			pod := g.pod(t, "away")
			away, back := g.agent.Freeze, func() error { g.thaw(t); return nil }
			if test.how == "killed" {
				away, back = func() error { return g.agent.Kill(t.Context()) }, g.agent.Again
			}
			if err := away(); err != nil {
				t.Fatal(err)
			}
			var unjudged []string
			for i, want := range test.want {
				c, err := g.create(t, pod, []string{"first", "next"}[i])
				got := refused
				if err == nil {
					got = runs
					unjudged = append(unjudged, c.ID)
					if err := c.Start(t.Context()); err != nil {
						t.Error(err)
					}
				} else if !strings.Contains(err.Error(), "specguard") {
					t.Errorf("no reason in %v", err)
				}
				if want != either && got != want {
					t.Errorf("container %d: %s (%v), want that it %s", i, got, err, want)
				}
			}
			if err := back(); err != nil {
				t.Fatal(err)
			}
			g.works(t)
			for _, id := range unjudged {
				g.reported(t, id)
			}
		})
	}
}
