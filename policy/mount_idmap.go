package policy

import (
	"cmp"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// foreignIDs are the mounts, by index, that show files under other ids than the
// container's user namespace makes of them. Through such a mount a process that is
// root in the container makes files of the host's root, or of anybody.
//
// The kubelet asks for mapped mounts only in a pod with a user namespace, and then
// with the mappings of that. Of the two the spec has what the caller of CRI says;
// the pod's own, where they are known, have to be the same.
//
// Source: Kubernetes 1.36, pkg/kubelet/kuberuntime/kuberuntime_container.go
// (makeMounts); mount_setattr(2), "ID-mapped mounts"; runc 1.5 and crun 1.28 on the
// option idmap.
func (s *Subject) foreignIDs() []int {
	var out []int
	for i := range s.Spec.Mounts {
		m := &s.Spec.Mounts[i]
		mapped := len(m.UIDMappings) > 0 || len(m.GIDMappings) > 0
		if mapped && !s.podMaps(m) || slices.ContainsFunc(m.Options, mapsByOption) {
			out = append(out, i)
		}
	}
	return out
}

// podMaps reports whether the mount's mappings are those of the user namespace.
func (s *Subject) podMaps(m *specs.Mount) bool {
	l := s.Spec.Linux
	if !s.hasNamespace(specs.UserNamespace) || s.joinsUsers() || !sameMappings(m.UIDMappings, l.UIDMappings) ||
		!sameMappings(m.GIDMappings, l.GIDMappings) {
		return false
	}
	sandbox := s.Pod.Sandbox
	return sandbox == nil || sameMappings(m.UIDMappings, sandbox.UIDMappings) && sameMappings(m.GIDMappings, sandbox.GIDMappings)
}

// mapsByOption reports whether the option holds mappings of its own, as crun reads
// it. Without any (idmap, ridmap) it stands for those of the user namespace.
func mapsByOption(option string) bool {
	return strings.HasPrefix(option, "idmap=") || strings.HasPrefix(option, "ridmap=")
}

// sameMappings reports whether the mappings are the same, in any order.
func sameMappings(a, b []specs.LinuxIDMapping) bool {
	sorted := func(list []specs.LinuxIDMapping) []specs.LinuxIDMapping {
		return slices.SortedFunc(slices.Values(list), func(a, b specs.LinuxIDMapping) int {
			return cmp.Or(cmp.Compare(a.ContainerID, b.ContainerID), cmp.Compare(a.HostID, b.HostID), cmp.Compare(a.Size, b.Size))
		})
	}
	return slices.Equal(sorted(a), sorted(b))
}
