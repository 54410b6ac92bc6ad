package e2e_test

import (
	"strings"
	"testing"

	nri "github.com/containerd/nri/pkg/api"
	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

const mebi = 1 << 20

// limited is a container's resources: memory in bytes, CPU in thousandths.
func limited(memory, milliCPU int64) *api.LinuxContainerResources {
	return &api.LinuxContainerResources{
		CpuShares: 2, OomScoreAdj: 1000, MemoryLimitInBytes: memory, CpuQuota: milliCPU * 100, CpuPeriod: 100_000,
	}
}

// requested is a container's resources with a memory limit and a request of CPU.
func requested(memory, milliCPU int64) *api.LinuxContainerResources {
	return &api.LinuxContainerResources{CpuShares: milliCPU * 1024 / 1000, OomScoreAdj: 1000, MemoryLimitInBytes: memory}
}

func limits(memory, milliCPU int64) []cri.ContainerOption {
	return []cri.ContainerOption{cri.Resources(limited(memory, milliCPU))}
}

// cgroupLimits is what the kernel says in the container's own cgroups, of
// version 1 or 2: memory, CPU quota and period, processes.
func cgroupLimits(t *testing.T, c running) string {
	t.Helper()
	out, err := c.Exec(t.Context(), "/bin/sh", "-c", `cd /sys/fs/cgroup; if [ -e memory ]; then
		cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us pids/pids.max
	else cat memory.max cpu.max pids.max; fi`)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(out), " ")
}

// inForce checks what the kernel says of the limits.
func inForce(want string) func(t *testing.T, c running) {
	return func(t *testing.T, c running) {
		t.Helper()
		if got := cgroupLimits(t, c); got != want {
			t.Errorf("limits in force: %s, want %s", got, want)
		}
	}
}

const maxima = "memory: {max: 128Mi}, cpu: {max: 500m}, pids: {max: 64}"

func TestRuleResources(t *testing.T) {
	testRule(t, func(*testing.T, *node.Node) rule {
		return rule{
			name: "resources", early: true,
			breaking: []breach{
				{
					container: container{name: "none", config: maxima},
					found: []string{"no memory limit (allowed: at most 128Mi)", "no cpu limit (allowed: at most 500m)",
						"no pids limit (allowed: at most 64)"},
					changes: []string{"linux.resources"},
					stops:   []string{"i=0; while [ $((i += 1)) -le 100 ]; do sleep 1 & done; jobs -p | grep -c . | grep -qx 100"},
					check:   inForce("134217728 50000 100000 64"),
				},
				{
					container: container{name: "defaults", config: "memory: {max: 128Mi}, cpu: {max: 1}",
						apply: "memory: {default: 64Mi, max: 128Mi}, cpu: {default: 250m, max: 1}"},
					found:   []string{"no memory limit (allowed: at most 128Mi)", "no cpu limit (allowed: at most 1)"},
					changes: []string{"linux.resources"},
					check:   inForce("67108864 25000 100000 max"),
				},
				{
					container: container{name: "request", config: "cpu: {max: 1}", apply: "cpu: {default: 100m, max: 1}",
						options: []cri.ContainerOption{cri.Resources(requested(64*mebi, 500))}},
					found:   []string{"no cpu limit (allowed: at most 1)"},
					changes: []string{"linux.resources"},
					check:   inForce("67108864 50000 100000 max"),
				},
				{
					container: container{name: "required", config: "memory: {required: true}"},
					found:     []string{"no memory limit (allowed: any limit)"},
				},
				{
					container: container{name: "too-high", config: "memory: {max: 128Mi}, cpu: {max: 500m}", options: limits(1024*mebi, 2000)},
					found:     []string{"memory limit 1Gi is too high (allowed: at most 128Mi)", "cpu limit 2 is too high (allowed: at most 500m)"},
					changes:   []string{"linux.resources"},
					stops:     []string{"head -c 200m /dev/zero | tail >/dev/null"},
					check:     inForce("134217728 50000 100000 max"),
				},
			},
			compliant: []container{
				{name: "limited", config: "memory: {max: 128Mi}, cpu: {max: 500m}", options: limits(64*mebi, 250)},
				{name: "at-max", config: "memory: {max: 128Mi, required: true}, cpu: {max: 500m}", options: limits(128*mebi, 500)},
			},
		}
	})
}

// TestRuleResourcesHugepages denies limits of huge pages, which another plugin sets: the kubelet
// does only where the machine has huge pages. That an adjusted limit is in force is not shown,
// because machines may have no cgroups for it.
func TestRuleResourcesHugepages(t *testing.T) {
	pages := func(limit uint64) *nri.ContainerAdjustment {
		a := &nri.ContainerAdjustment{}
		a.AddLinuxHugepageLimit("2MB", limit)
		return a
	}
	r := rule{
		name: "resources", early: true,
		breaking: []breach{
			{
				container: container{name: "hugepages", config: "hugepages: {max: 4Mi}", other: pages(16 * mebi)},
				found:     []string{"limit 16Mi of huge pages of 2MB is too high (allowed: at most 4Mi)"},
			},
			{
				container: container{name: "no-hugepages", config: "hugepages: {max: 0}", other: pages(2 * mebi)},
				found:     []string{"limit 2Mi of huge pages of 2MB is too high (allowed: at most 0)"},
			},
		},
		compliant: []container{{name: "hugepages-at-max", config: "hugepages: {max: 16Mi}", other: pages(16 * mebi)}},
	}
	eachNode(t, func(t *testing.T, n *node.Node) {
		r.startOther(t, n)
		g := startRig(t, n, rigOptions{policies: r.policies()})
		for _, b := range r.breaking {
			pod, policy := g.runPod(t, r.namespace(b.name)), r.policyName(b.name, "reject")
			g.refused(t, b.make(t, pod, ctrReject), refusal{sentence: sentence(policy, r.name, b.found), early: true})
			g.judged(t, policy, r.name, "denied", b.found)
		}
		g.compliant(t, r, r.compliant[0])
	})
}

// TestRuleResourcesSwap limits swap space. NRI carries no limit of swap, so where nothing
// else can be adjusted such a container is denied.
func TestRuleResourcesSwap(t *testing.T) {
	swapping := limited(64*mebi, 250)
	swapping.MemorySwapLimitInBytes = 128 * mebi
	bound := func(want string) func(t *testing.T, c running) {
		return func(t *testing.T, c running) {
			t.Helper()
			out, err := c.Exec(t.Context(), "/bin/sh", "-c", `cd /sys/fs/cgroup
				if [ -e memory ]; then cat memory/memory.memsw.limit_in_bytes; else cat memory.swap.max; fi`)
			if got := strings.TrimSpace(out); err != nil || got != want {
				t.Errorf("swap in force: %q %v, want %s", got, err, want)
			}
		}
	}
	r := rule{
		name: "resources", early: true,
		breaking: []breach{
			{
				container: container{name: "swap", config: "swap: {max: 16Mi}", options: []cri.ContainerOption{cri.Resources(swapping)}},
				found:     []string{"swap limit 64Mi is too high (allowed: at most 16Mi)"},
				changes:   []string{"linux.resources"},
				check:     bound("83886080"),
			},
			{
				container: container{name: "no-swap", config: "memory: {max: 32Mi}, swap: {max: 0}", options: []cri.ContainerOption{cri.Resources(swapping)}},
				found:     []string{"memory limit 64Mi is too high (allowed: at most 32Mi)", "swap limit 64Mi is too high (allowed: at most 0)"},
				changes:   []string{"linux.resources"},
				check:     bound("33554432"),
			},
			{
				container: container{name: "swap-without-memory", config: "swap: {max: 0}"},
				found:     []string{"no swap limit (allowed: at most 0)"},
			},
		},
		compliant: []container{{name: "swap-at-max", config: "swap: {max: 64Mi}", options: []cri.ContainerOption{cri.Resources(swapping)}}},
	}
	eachNode(t, func(t *testing.T, n *node.Node) {
		g := startRig(t, n, rigOptions{policies: r.policies()})
		g.test(t, r)
	})
}

// updates are new limits for containers that run with 64Mi and 250m.
var updates = []struct {
	name     string
	limits   *api.LinuxContainerResources
	found    []string
	adjusted string // what is in force then
	free     string // the same without a policy
}{
	{
		name: "lower", limits: limited(32*mebi, 100),
		adjusted: "33554432 10000 100000 max", free: "33554432 10000 100000 max",
	},
	{
		name: "memory", limits: limited(256*mebi, 250),
		found:    []string{"memory limit 256Mi is too high (allowed: at most 128Mi)"},
		adjusted: "134217728 25000 100000 max", free: "268435456 25000 100000 max",
	},
	{
		name: "cpu", limits: &api.LinuxContainerResources{CpuQuota: 80_000, CpuPeriod: 100_000},
		found:    []string{"cpu limit 800m is too high (allowed: at most 500m)"},
		adjusted: "67108864 50000 100000 max", free: "67108864 80000 100000 max",
	},
	{
		name: "both", limits: limited(1024*mebi, 1000),
		found:    []string{"memory limit 1Gi is too high (allowed: at most 128Mi)", "cpu limit 1 is too high (allowed: at most 500m)"},
		adjusted: "134217728 50000 100000 max", free: "1073741824 100000 100000 max",
	},
	{
		name: "no-cpu", limits: &api.LinuxContainerResources{CpuQuota: -1, CpuPeriod: 100_000},
		found:    []string{"no cpu limit (allowed: at most 500m)"},
		adjusted: "67108864 50000 100000 max", free: "67108864 -1 100000 max",
	},
	{
		name: "period", limits: &api.LinuxContainerResources{CpuPeriod: 10_000},
		found:    []string{"CPU quota and period can only be changed together (allowed: at most 500m)"},
		adjusted: "67108864 25000 100000 max", free: "67108864 25000 10000 max",
	},
}

// TestRuleResourcesUpdate changes the limits of running containers.
func TestRuleResourcesUpdate(t *testing.T) {
	r := rule{name: "resources"}
	row := func(name string) container {
		return container{name: "update-" + name, config: "memory: {max: 128Mi}, cpu: {max: 500m}", options: limits(64*mebi, 250)}
	}
	for _, u := range updates {
		r.breaking = append(r.breaking, breach{container: row(u.name)})
	}
	eachNode(t, func(t *testing.T, n *node.Node) {
		g := startRig(t, n, rigOptions{policies: r.policies()})
		for _, u := range updates {
			t.Run(u.name, func(t *testing.T) {
				t.Parallel()
				c := row(u.name)
				pod := g.runPod(t, r.namespace(c.name))
				for name, want := range map[string]struct{ decision, limits string }{
					ctrFree:   {"", u.free},
					ctrAdjust: {"allowed", u.adjusted},
					ctrAudit:  {"allowed", u.free},
				} {
					c := g.run(t, c.make(t, pod, name), want.decision)
					if err := c.UpdateResources(t.Context(), u.limits); err != nil {
						t.Errorf("%s: %v", name, err)
					}
					if got := cgroupLimits(t, c); got != want.limits {
						t.Errorf("%s: limits in force: %s, want %s", name, got, want.limits)
					}
				}
				reject := g.run(t, c.make(t, pod, ctrReject), "allowed")
				err := reject.UpdateResources(t.Context(), u.limits)
				if u.found == nil {
					if err != nil {
						t.Error(err)
					}
					inForce(u.adjusted)(t, reject)
					return
				}
				policy := r.policyName(c.name, "reject")
				if want := sentence(policy, r.name, u.found); err == nil || !strings.HasSuffix(withoutFix(err.Error(), ""), " desc = "+want) {
					t.Errorf("update: %v\nwant   %s", err, want)
				}
				inForce("67108864 25000 100000 max")(t, reject)
				g.judged(t, policy, r.name, "denied", u.found)
				g.judged(t, r.policyName(c.name, "adjust"), r.name, "adjusted", nil)
				g.judged(t, r.policyName(c.name, "mode"), r.name, "audited", u.found)
			})
		}
	})
}
