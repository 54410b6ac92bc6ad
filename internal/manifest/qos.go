package manifest

import (
	"path"
	"slices"
)

// Classes of quality of service, as the kubelet names their cgroups. A guaranteed
// pod is in none of them.
const (
	guaranteed = ""
	burstable  = "burstable"
	besteffort = "besteffort"
)

// qos is the class of the pod.
//
// Source: Kubernetes, pkg/apis/core/v1/helper/qos (ComputePodQOS).
func (p *pod) qos() string {
	all := []requirements{p.Spec.Resources}
	if len(p.Spec.Resources.Limits)+len(p.Spec.Resources.Requests) == 0 {
		all = nil
		for _, c := range slices.Concat(p.Spec.InitContainers, p.Spec.Containers) {
			all = append(all, c.Resources)
		}
	}
	bounded, asked := true, false
	for _, r := range all {
		for _, name := range []string{"cpu", "memory"} {
			limit := r.Limits[name]
			request, given := r.Requests[name]
			asked = asked || limit > 0 || request > 0
			bounded = bounded && limit > 0 && (!given || request == limit)
		}
	}
	switch {
	case !asked:
		return besteffort
	case bounded:
		return guaranteed
	default:
		return burstable
	}
}

// priority gives the container the cgroup of its pod, and the OOM score of its class;
// that of a burstable pod depends on the node's memory, and is taken for the highest.
//
// Source: Kubernetes, pkg/kubelet/cm and pkg/kubelet/qos.
func (b *builder) priority() {
	qos := b.pod.qos()
	b.spec.Linux.CgroupsPath = path.Join("/kubepods", qos, "pod"+b.pod.ids.pod, b.pod.ids.container(b.container.Name))
	b.spec.Process.OOMScoreAdj = new(map[string]int{guaranteed: -997, burstable: 999, besteffort: 1000}[qos])
}
