package policy

import (
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// requested is what the kernel is told to protect of the container's memory: the
// kubelet writes the request so if it does at all (MemoryQoS).
//
// Source: Kubernetes, pkg/kubelet/kuberuntime (calculateLinuxResources).
func (memoryResource) requested(r *specs.LinuxResources) int64 {
	most := int64(0)
	if r.Memory != nil {
		if n := limitOf(r.Memory.Reservation); n < hugeMemory {
			most = n
		}
	}
	for _, file := range []string{"memory.min", "memory.low"} {
		if n, err := parseMax(strings.TrimSpace(r.Unified[file])); err == nil && n < hugeMemory {
			most = max(most, n)
		}
	}
	return most
}

// requested is the amount of CPU of which the kubelet has made the shares: 1024 for
// each. It gives 2, the fewest, to a container that requests none.
//
// Source: Kubernetes, pkg/kubelet/cm (MilliCPUToShares).
func (cpuResource) requested(r *specs.LinuxResources) int64 {
	const fewest, most, perCPU = 2, 262144, 1024
	if r.CPU == nil || r.CPU.Shares == nil || *r.CPU.Shares <= fewest {
		return 0
	}
	return (int64(min(*r.CPU.Shares, most))*1000 + perCPU - 1) / perCPU
}

// requested is nothing: a pod cannot request processes.
func (pidsResource) requested(*specs.LinuxResources) int64 { return 0 }
