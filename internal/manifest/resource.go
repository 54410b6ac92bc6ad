package manifest

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// resources are the container's limits. A limit of the pod counts where the
// container has none.
//
// Source: Kubernetes, pkg/kubelet/kuberuntime (calculateLinuxResources) and
// pkg/kubelet/cm (MilliCPUToShares, MilliCPUToQuota); containerd, WithResources.
func (b *builder) resources() {
	const period = 100_000 // microseconds
	limits, pod := b.container.Resources.Limits, b.pod.Spec.Resources.Limits
	cpu := cmp.Or(limits["cpu"], pod["cpu"]).milli()
	memory := cmp.Or(limits["memory"], pod["memory"]).value()
	request := cpu
	if r, ok := b.container.Resources.Requests["cpu"]; ok {
		request = r.milli()
	}
	r := &specs.LinuxResources{
		Devices: []specs.LinuxDeviceCgroup{{Allow: false, Access: "rwm"}},
		CPU:     &specs.LinuxCPU{Shares: new(shares(request)), Period: new(uint64(period))},
		Memory:  &specs.LinuxMemory{},
	}
	if cpu > 0 {
		r.CPU.Quota = new(max(min(cpu, 1<<40)*period/1000, 1000))
	}
	if memory > 0 {
		r.Memory.Limit, r.Memory.Swap = new(memory), new(memory)
	}
	r.HugepageLimits = hugepages(limits)
	b.spec.Linux.Resources = r
	b.noteDevices()
}

// hugepages are the limits of huge pages that the container asks for, such as
// hugepages-2Mi. The kubelet names the size as the kernel does: 2MB. For sizes of the
// node that nobody asks for it sets 0; which ones the node has is not known.
//
// Source: Kubernetes, pkg/kubelet/kuberuntime (GetHugepageLimitsFromResources).
func hugepages(limits map[string]quantity) []specs.LinuxHugepageLimit {
	var out []specs.LinuxHugepageLimit
	for _, name := range slices.Sorted(maps.Keys(limits)) {
		if size, ok := strings.CutPrefix(name, "hugepages-"); ok {
			out = append(out, specs.LinuxHugepageLimit{Pagesize: strings.TrimSuffix(size, "i") + "B", Limit: uint64(max(limits[name].value(), 0))})
		}
	}
	return out
}

// shares gives the weight of an amount of CPU in thousandths.
func shares(milli int64) uint64 {
	const least, most = 2, 262144
	return uint64(max(least, min(min(milli, 1<<40)*1024/1000, most)))
}

// noteDevices notes the devices that a plugin or a driver would add.
func (b *builder) noteDevices() {
	for _, name := range slices.Sorted(maps.Keys(b.container.Resources.Limits)) {
		if strings.Contains(name, "/") && !strings.HasPrefix(name, "kubernetes.io/") {
			b.note("what the plugin for " + name + " adds is not known")
		}
	}
	for _, c := range b.container.Resources.Claims {
		b.note("what the driver for the claim " + c.Name + " adds is not known")
	}
}
