package breakage

import (
	"fmt"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// limitBelowRequest: adjusting sets a limit below what the pod requests.
func limitBelowRequest(a *adjustment) []found {
	var out []found
	if before, after := memory(a.before), memory(a.after); a.facts != nil && after > 0 && after != before && after < a.facts.MemoryRequest {
		out = append(out, found{"linux.resources.memory", fmt.Sprintf("limits memory to %d bytes, below the %d that the pod requests: "+
			"the kernel kills it when it uses more", after, a.facts.MemoryRequest)})
	}
	request := cpuRequest(a)
	if before, after := cpu(a.before), cpu(a.after); after > 0 && after != before && after < request {
		out = append(out, found{"linux.resources.cpu", fmt.Sprintf("limits CPU to %dm, below the %dm that the pod requests: it runs slower",
			after, request)})
	}
	return out
}

func resources(spec *specs.Spec) *specs.LinuxResources {
	if spec.Linux == nil || spec.Linux.Resources == nil {
		return &specs.LinuxResources{}
	}
	return spec.Linux.Resources
}

// memory is the limit in bytes; 0 for none.
func memory(spec *specs.Spec) int64 {
	if m := resources(spec).Memory; m != nil && m.Limit != nil {
		return max(*m.Limit, 0)
	}
	return 0
}

// cpu is the limit in thousandths of a CPU; 0 for none.
func cpu(spec *specs.Spec) int64 {
	c := resources(spec).CPU
	if c == nil || c.Quota == nil || *c.Quota <= 0 {
		return 0
	}
	period := int64(100_000) // the kernel's default
	if c.Period != nil && *c.Period > 0 && *c.Period < 1<<40 {
		period = int64(*c.Period)
	}
	if *c.Quota > 1<<40 {
		return 0 // more than any machine has
	}
	return *c.Quota * 1000 / period
}

// cpuRequest is the request in thousandths of a CPU: the manifest's, or what the shares stand for.
//
// Source: Kubernetes, pkg/kubelet/cm (MilliCPUToShares).
func cpuRequest(a *adjustment) int64 {
	if a.facts != nil {
		return a.facts.CPURequest
	}
	if c := resources(a.before).CPU; c != nil && c.Shares != nil && *c.Shares > 2 && *c.Shares <= 1<<18 {
		return int64(*c.Shares) * 1000 / 1024
	}
	return 0
}
