package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
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
)

const (
	agentCPU   = 100  // what its DaemonSet requests, in thousandths of a CPU
	tenantCPU  = 2000 // what a tenant's pods request
	starveTime = 20 * time.Second
)

// comparing is a policy whose expressions compare all mounts with all others.
const comparing = `
apiVersion: specguard.dev/v1beta1
kind: Policy
metadata: {name: comparing}
spec:
  match: {namespaces: [team-a]}
  rules:
    custom:
      validations:
        - {name: once, message: two mounts at one place, expression: 'spec.mounts.all(m, spec.mounts.exists_one(n, n.destination == m.destination))'}
        - {name: sets, message: two sets differ, expression: 'sets.equivalent(spec.mounts, spec.mounts)'}
        - {name: whole, message: lists differ, expression: 'spec.mounts.all(m, spec.mounts == spec.mounts)'}
`

// TestStarved: a tenant burns all CPU time that its pods get, and keeps the
// agent, which has its CPU request only, busy with everything that it is asked
// to judge. What a policy forbids does not run, and what it allows starts.
func TestStarved(t *testing.T) {
	for _, release := range guardedReleases {
		for name, policies := range map[string]map[string]string{
			"rules":       {"hardening.yaml": hardening},
			"expressions": {"hardening.yaml": hardening, "comparing.yaml": comparing},
		} {
			t.Run(release.String()+" "+name, func(t *testing.T) {
				n := lab.Private(t, release, nil)
				starve(t, n, agent.Options{Policies: policies})
			})
		}
	}
	t.Run(build.CRIO.String()+" wrapped", func(t *testing.T) {
		n := lab.Private(t, build.CRIO, lab.Wrap(t, agent.Wrapping{Extra: "pass: {namespaces: [kube-system]}"}))
		starve(t, n, agent.Options{
			Opener: "runtime", Policies: map[string]string{"hardening.yaml": hardening, "comparing.yaml": comparing},
		})
	})
}

func starve(t *testing.T, n *node.Node, o agent.Options) {
	o.Binary, o.Config = agentBinary(t), "host: {kubeletDir: "+n.KubeletDir()+"}\n"
	a, err := agent.Start(t.Context(), n, o)
	if err != nil {
		t.Fatal(err)
	}
	g := &guarded{Node: n, agent: a}
	tenant, loot, good := g.pod(t, "tenant"), g.pod(t, "loot"), g.pod(t, "good")
	runs, err := tenant.Run(t.Context(), cri.Container("runs", node.AppImage, []string{"sleep", "600"}))
	if err != nil {
		t.Fatal(err)
	}
	share, err := n.Share("agent", agentCPU)
	if err == nil {
		err = share.Add(a.Process().PID())
	}
	if err != nil {
		t.Fatal(err)
	}
	burn(t, n, 4)

	ctx, stop := context.WithTimeout(t.Context(), starveTime)
	defer stop()
	var load sync.WaitGroup
	loop := func(do func(i int) error) *atomic.Int64 {
		var done atomic.Int64
		load.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if err := do(i); err == nil {
					done.Add(1)
				}
			}
		})
		return &done
	}
	// What is as large as may be, and what is larger.
	large := loop(func(i int) error {
		return createAndRemove(ctx, tenant, fmt.Sprintf("large-%d", i), environment([]int{240, 1900}[i%2]*kib))
	})
	many := loop(func(i int) error {
		return createAndRemove(ctx, tenant, fmt.Sprintf("many-%d", i), mountsOf(volume(t, n, tenant), []int{1500, 5000}[i%2]))
	})
	updates := loop(func(i int) error {
		return runs.UpdateResources(ctx, &api.LinuxContainerResources{MemoryLimitInBytes: int64(64+i%64) << 20})
	})
	execs := loop(func(int) error { _, err := runs.Exec(ctx, "true"); return err })
	metrics := loop(func(int) error { _, err := a.Get(ctx, "/metrics"); return err })
	var ran, denied, late atomic.Int64
	loop(func(i int) error {
		c, err := loot.Run(ctx, cri.Container(fmt.Sprintf("loot-%d", i), node.AppImage, []string{"sleep", "600"}, cri.HostPath("/etc", "/host", false)))
		switch {
		case err == nil:
			ran.Add(1)
			out, err := c.Exec(t.Context(), "sh", "-c", "id -u; ls -l /host/shadow")
			t.Logf("loot-%d RUNS: %q %v", i, out, err)
		case strings.Contains(err.Error(), "denied by policy"):
			denied.Add(1)
		case ctx.Err() == nil:
			if late.Add(1) < 6 {
				t.Logf("loot-%d: %.250v", i, err)
			}
		}
		return err
	})
	var started, refused atomic.Int64
	var slowest time.Duration
	loop(func(i int) error {
		begin := time.Now()
		c, err := good.Run(ctx, cri.Container(fmt.Sprintf("good-%d", i), node.AppImage, []string{"sleep", "600"}))
		if err == nil {
			started.Add(1)
			slowest = max(slowest, time.Since(begin))
			return c.Remove(t.Context())
		}
		if ctx.Err() == nil && refused.Add(1) < 6 {
			t.Logf("good-%d: %.250v", i, err)
		}
		return err
	})
	load.Wait()
	t.Logf("forbidden: %d ran, %d denied, %d refused otherwise; allowed: %d started (slowest in %s), %d refused",
		ran.Load(), denied.Load(), late.Load(), started.Load(), slowest.Round(time.Millisecond), refused.Load())
	t.Logf("load: %d large, %d with many mounts, %d updates, %d execs, %d reads of metrics",
		large.Load(), many.Load(), updates.Load(), execs.Load(), metrics.Load())
	for line := range strings.Lines(a.Log()) {
		if strings.Contains(line, "lost") || strings.Contains(line, "not connected") {
			// On a machine that is busy besides, it may come to that. What counts is
			// that nothing gets in.
			t.Logf("agent: %.250s", line)
		}
	}
	if ran.Load() > 0 {
		t.Errorf("%d forbidden containers ran", ran.Load())
	}
	if started.Load() == 0 || started.Load() < refused.Load() {
		t.Errorf("of what is allowed %d started, %d did not", started.Load(), refused.Load())
	}
}

// createAndRemove creates a container, which may be refused, and removes it.
func createAndRemove(ctx context.Context, pod *cri.Sandbox, name string, options ...cri.ContainerOption) error {
	c, err := pod.Create(ctx, cri.Container(name, node.AppImage, []string{"sleep", "600"}, options...))
	if err != nil {
		return err
	}
	return errors.Join(c.Remove(ctx))
}

// mountsOf are so many mounts of a folder.
func mountsOf(dir string, count int) cri.ContainerOption {
	return func(c *api.ContainerConfig) {
		for i := range count {
			cri.HostPath(dir, fmt.Sprintf("/m%05d", i), false)(c)
		}
	}
}

// volume is the pod's emptyDir, which the kubelet has made.
func volume(t *testing.T, n *node.Node, pod *cri.Sandbox) string {
	dir := filepath.Join(n.KubeletDir(), "pods", pod.Config.Metadata.Uid, "volumes", "kubernetes.io~empty-dir", "v")
	if err := exec.Command("mkdir", "-p", dir).Run(); err != nil {
		t.Error(err)
	}
	return dir
}

// burn has so many processes of a tenant burn CPU time until the test ends.
func burn(t *testing.T, n *node.Node, count int) {
	t.Helper()
	share, err := n.Share("tenant", tenantCPU)
	if err != nil {
		t.Fatal(err)
	}
	for range count {
		p, err := n.Spawn(exec.Command("/bin/busybox", "sh", "-c", "while :; do :; done"), filepath.Join(n.Dir(), "burn.log"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Kill(context.WithoutCancel(t.Context())) })
		if err := share.Add(p.PID()); err != nil {
			t.Fatal(err)
		}
	}
}
