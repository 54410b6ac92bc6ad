package policy

import (
	"fmt"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// cannotRun says why adjusting cannot give the container runAsUser and runAsGroup:
// its user namespace has no such id; "" where it can, or is not to.
func (r *RunAsNonRoot) cannotRun(s *Subject) string {
	if r.Action() != Adjust || !s.hasNamespace(specs.UserNamespace) {
		return ""
	}
	const unmapped = ", and the policy's %s, %d, is not mapped in the pod's user namespace"
	uid, _ := r.user(s)
	switch l := s.Spec.Linux; {
	case !isMapped(l.UIDMappings, uid):
		return fmt.Sprintf(unmapped, "runAsUser", uid)
	case !isMapped(l.GIDMappings, r.group()):
		return fmt.Sprintf(unmapped, "runAsGroup", r.group())
	default:
		return ""
	}
}

// isMapped reports whether the id is one of a user namespace; where no mappings are shown
// any may be.
func isMapped(mappings []specs.LinuxIDMapping, id uint32) bool {
	return len(mappings) == 0 || slices.ContainsFunc(mappings, func(m specs.LinuxIDMapping) bool {
		return id >= m.ContainerID && uint64(id) < uint64(m.ContainerID)+uint64(m.Size)
	})
}
