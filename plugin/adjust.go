package plugin

import (
	"maps"
	"reflect"
	"slices"

	"github.com/containerd/nri/pkg/api"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/specguard/specguard/internal/adjusted"
	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/plugin/seal"
)

// adjustment returns the answer to NRI that seals a container and adjusts shown, the part
// of its spec that NRI shows. It returns nil if the container is left alone.
func adjustment(c judge.Creation, shown *specs.Spec) *api.ContainerAdjustment {
	if c.Seal == nil {
		return nil
	}
	out := &api.ContainerAdjustment{}
	out.AddHooks(api.FromOCIHooks(c.Seal))
	out.AddAnnotation(seal.Annotation, c.Annotation)
	if c.Adjusted != nil {
		adjustSpec(out, shown, c.Adjusted)
	}
	return out
}

// adjustSpec adds what turns one partial spec into the other, as far as NRI has fields for
// it: mounts, annotations, limits of memory, CPU and processes, the seccomp profile and
// sysctls.
//
// It does not change resource limits of the process (rlimits): NRI adds a second limit of
// the same type, and the higher one stays.
func adjustSpec(adjust *api.ContainerAdjustment, from, to *specs.Spec) {
	if from.Linux == nil || !slices.ContainsFunc(from.Linux.Namespaces,
		func(n specs.LinuxNamespace) bool { return n.Type == specs.UserNamespace }) {
		adjustMounts(adjust, from.Mounts, to.Mounts)
	}
	for _, key := range slices.Sorted(maps.Keys(from.Annotations)) {
		if _, ok := to.Annotations[key]; !ok {
			adjust.RemoveAnnotation(key)
		}
	}
	if note, ok := to.Annotations[adjusted.Annotation]; ok {
		adjust.AddAnnotation(adjusted.Annotation, note)
	}
	if to.Linux != nil && to.Linux.Resources != nil {
		var before specs.LinuxResources
		if from.Linux != nil && from.Linux.Resources != nil {
			before = *from.Linux.Resources
		}
		adjustLimits(adjust, &before, to.Linux.Resources)
	}
	if from.Linux != nil && to.Linux != nil {
		adjustKernel(adjust, from.Linux, to.Linux)
	}
}

// adjustKernel replaces the container's seccomp profile and removes sysctls. NRI drops a
// profile's default errno, so that EPERM holds; a profile with another one is not sent.
func adjustKernel(adjust *api.ContainerAdjustment, from, to *specs.Linux) {
	if to.Seccomp != nil && keepsErrno(to.Seccomp) && !reflect.DeepEqual(from.Seccomp, to.Seccomp) {
		adjust.SetLinuxSeccompPolicy(api.FromOCILinuxSeccomp(to.Seccomp))
	}
	for _, key := range slices.Sorted(maps.Keys(from.Sysctl)) {
		if _, ok := to.Sysctl[key]; !ok {
			adjust.SetLinuxSysctl(api.MarkForRemoval(key), "")
		}
	}
}

// keepsErrno reports whether the profile's default errno is EPERM, as it is without one.
func keepsErrno(p *specs.LinuxSeccomp) bool {
	return p.DefaultAction != specs.ActErrno && p.DefaultAction != specs.ActTrace || p.DefaultErrnoRet == nil ||
		*p.DefaultErrnoRet == uint(unix.EPERM)
}

// adjustMounts removes the mounts that are gone or different, and adds the different and
// new ones. It skips mounts that NRI would change: NRI does not show how file IDs are
// mapped in a user namespace, and names mounts by their destinations.
func adjustMounts(adjust *api.ContainerAdjustment, from, to []specs.Mount) {
	for _, m := range from {
		if !hasMount(to, m) && count(from, m.Destination) == 1 {
			adjust.RemoveMount(m.Destination)
		}
	}
	for _, m := range to {
		if !hasMount(from, m) && count(from, m.Destination) <= 1 {
			adjust.AddMount(&api.Mount{Destination: m.Destination, Type: m.Type, Source: m.Source, Options: m.Options})
		}
	}
}

func count(mounts []specs.Mount, destination string) int {
	n := 0
	for _, m := range mounts {
		if m.Destination == destination {
			n++
		}
	}
	return n
}

func hasMount(mounts []specs.Mount, m specs.Mount) bool {
	for i := range mounts {
		if reflect.DeepEqual(mounts[i], m) {
			return true
		}
	}
	return false
}

func adjustLimits(adjust *api.ContainerAdjustment, from, to *specs.LinuxResources) {
	if limit, ok := changed(memoryLimit(from), memoryLimit(to)); ok {
		adjust.SetLinuxMemoryLimit(limit)
	}
	if pids, ok := changed(pidsLimit(from), pidsLimit(to)); ok {
		adjust.SetLinuxPidLimits(pids)
	}
	before, after := cpu(from), cpu(to)
	if quota, ok := changed(before.Quota, after.Quota); ok {
		adjust.SetLinuxCPUQuota(quota)
	}
	if period, ok := changed(before.Period, after.Period); ok {
		adjust.SetLinuxCPUPeriod(int64(period)) // a policy's, in microseconds
	}
	for i, h := range to.HugepageLimits {
		if i >= len(from.HugepageLimits) || from.HugepageLimits[i] != h {
			adjust.AddLinuxHugepageLimit(h.Pagesize, h.Limit)
		}
	}
	for key, value := range to.Unified {
		if from.Unified[key] != value {
			adjust.AddLinuxUnified(key, value)
		}
	}
}

// changed returns the new value, and whether it differs.
func changed[T comparable](from, to *T) (value T, ok bool) {
	if to == nil || from != nil && *from == *to {
		return value, false
	}
	return *to, true
}

func memoryLimit(r *specs.LinuxResources) *int64 {
	if r.Memory == nil {
		return nil
	}
	return r.Memory.Limit
}

func pidsLimit(r *specs.LinuxResources) *int64 {
	if r.Pids == nil {
		return nil
	}
	return r.Pids.Limit
}

func cpu(r *specs.LinuxResources) specs.LinuxCPU {
	if r.CPU == nil {
		return specs.LinuxCPU{}
	}
	return *r.CPU
}
