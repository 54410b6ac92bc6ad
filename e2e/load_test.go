package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
	"github.com/specguard/specguard/e2e/patience"
)

// tally counts what became of containers.
type tally struct {
	ran, denied, sealed, other atomic.Int64

	// silent counts those whose output went with a runtime that ended.
	silent    atomic.Int64
	maySilent bool
}

// run creates and starts a container and counts what becomes of it. Whatever
// runs must be hardened; whatever does not must say why.
func (g *guarded) run(t *testing.T, c *tally, pod *cri.Sandbox, name string, options ...cri.ContainerOption) {
	t.Helper()
	ctr, err := pod.Run(t.Context(), cri.Container(name, node.AppImage, cri.TellTruth(), options...))
	switch {
	case err == nil:
		c.ran.Add(1)
		truth, err := ctr.Truth(t.Context())
		if err != nil && c.maySilent {
			c.silent.Add(1)
			return
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		sameTruth(t, name, truth, hardened)
	case strings.Contains(err.Error(), "specguard: denied by policy"):
		c.denied.Add(1)
	case strings.Contains(err.Error(), "specguard"):
		c.sealed.Add(1)
	default:
		c.other.Add(1)
	}
}

// TestCreateStorms creates two times fifty containers at once, of which every
// second asks for a host path and must be denied.
func TestCreateStorms(t *testing.T) {
	eachGuarded(t, createStorm)
}

func createStorm(t *testing.T, g *guarded) {
	var c tally
	var storms sync.WaitGroup
	for storm := range 2 {
		pod := g.pod(t, fmt.Sprintf("storm-%d", storm))
		for i := range 50 {
			storms.Go(func() {
				var options []cri.ContainerOption
				if i%2 == 1 {
					options = append(options, cri.HostPath("/etc", "/host", true))
				}
				g.run(t, &c, pod, fmt.Sprintf("c%d-%d", storm, i), options...)
			})
		}
	}
	storms.Wait()
	ran, denied, sealed, other := c.ran.Load(), c.denied.Load(), c.sealed.Load(), c.other.Load()
	t.Logf("ran %d, denied %d, sealed %d, other %d", ran, denied, sealed, other)
	if denied != 50 || ran+sealed != 50 || other != 0 {
		t.Error("want 50 denied and 50 that run, or say why they do not")
	}
	g.works(t)
}

// TestRuntimeRestartsUnderLoad restarts containerd while containers are
// created. With required_plugins nothing is created until the agent is back;
// on NRI 0.8, which does not know that, the runtime starts the agent itself.
func TestRuntimeRestartsUnderLoad(t *testing.T) {
	t.Run(build.Containerd2.String(), func(t *testing.T) {
		t.Parallel()
		restartUnderLoad(t, guardedNode(t, build.Containerd2))
	})
	t.Run(build.Containerd2NRI.String(), func(t *testing.T) {
		t.Parallel()
		restartUnderLoad(t, guardedNode(t, build.Containerd2NRI))
	})
	t.Run(build.Containerd1.String()+" pre-installed", func(t *testing.T) {
		t.Parallel()
		restartUnderLoad(t, installedNode(t, build.Containerd1))
	})
}

// installedNode is a node whose runtime starts the agent.
func installedNode(t *testing.T, release build.Release) *guarded {
	t.Helper()
	g := &guarded{}
	g.Node = lab.Private(t, release, func(o *node.Options) {
		o.BeforeStart = func(n *node.Node) (err error) {
			g.agent, err = agent.Install(n, agent.Options{
				Binary: agentBinary(t), Policies: map[string]string{"hardening.yaml": hardening},
			})
			return err
		}
	})
	if err := g.agent.WaitReady(t.Context()); err != nil {
		t.Fatalf("%v: %s", err, g.agent.Log())
	}
	return g
}

func restartUnderLoad(t *testing.T, g *guarded) {
	pod := g.pod(t, "load")
	underLoad(t, g, pod, &tally{maySilent: true}, func() error { return g.Restart(t.Context()) })
	g.onlyHardenedRan(t, pod)
}

// underLoad does something three times while containers are created in the pod.
func underLoad(t *testing.T, g *guarded, pod *cri.Sandbox, c *tally, do func() error) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	for worker := range 4 {
		load.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				g.run(t, c, pod, fmt.Sprintf("w%d-%d", worker, i))
				pause(ctx, 10*time.Millisecond)
			}
		})
	}
	for range 3 {
		pause(ctx, time.Second)
		if err := do(); err != nil {
			t.Error(err)
		}
	}
	pause(ctx, time.Second)
	for deadline := time.Now().Add(patience.For(20 * time.Second)); c.ran.Load() == c.silent.Load() && time.Now().Before(deadline); {
		pause(ctx, 100*time.Millisecond) // a machine that is busy takes longer until the runtime is back
	}
	stop()
	load.Wait()
	t.Logf("ran %d (%d silent), refused %d, runtime away %d", c.ran.Load(), c.silent.Load(), c.sealed.Load()+c.denied.Load(), c.other.Load())
	if c.ran.Load() == c.silent.Load() {
		t.Error("nothing ran")
	}
	g.works(t)
}

// onlyHardenedRan checks the stored spec of every container of the pod that
// ever started, also of those whose start the runtime did not live to confirm.
func (g *guarded) onlyHardenedRan(t *testing.T, pod *cri.Sandbox) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	answer, err := g.CRI.Runtime.ListContainers(ctx, &api.ListContainersRequest{Filter: &api.ContainerFilter{PodSandboxId: pod.ID}})
	if err != nil {
		t.Fatal(err)
	}
	started := 0
	for _, c := range answer.Containers {
		status, err := g.CRI.Runtime.ContainerStatus(ctx, &api.ContainerStatusRequest{ContainerId: c.Id, Verbose: true})
		if err != nil {
			t.Fatal(err)
		}
		if status.Status.StartedAt == 0 {
			continue
		}
		started++
		info := status.Info["info"]
		if !strings.Contains(info, `"uid":65532`) || !strings.Contains(info, `"noNewPrivileges":true`) {
			t.Errorf("%s ran, and not as the policy says: %s", c.Metadata.Name, info)
		}
	}
	t.Logf("%d containers, %d of them started", len(answer.Containers), started)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// TestPreinstalled runs the agent as NRI starts it, on every release.
func TestPreinstalled(t *testing.T) {
	for _, release := range guardedReleases {
		t.Run(release.String(), func(t *testing.T) {
			t.Parallel()
			installedNode(t, release).works(t)
		})
	}
}
