package policy

import (
	"fmt"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// replacing reports whether adjusting gives the container another user, and another group.
func (r *RunAsNonRoot) replacing(s *Subject) (user, group bool) {
	u, came := &s.Spec.Process.User, s.userAsked()
	user = !r.userFine(s, u.UID) && r.replaces(came.UID)
	wasRoot := user && effective(u.UID) == 0
	group = !r.groupFine(s, u.GID, r.AllowedGroups) && r.replaces(came.GID) || wasRoot && r.leaves(s, u.GID)
	return user, group
}

// cannotRun says why adjusting cannot give the container runAsUser or runAsGroup:
// its user namespace has no such id, or it is the host's root; "" where it can, or is not to.
func (r *RunAsNonRoot) cannotRun(s *Subject) string {
	if r.Action() != Adjust || !s.hasNamespace(specs.UserNamespace) {
		return ""
	}
	const (
		unmapped = ", and the policy's %s, %d, is not mapped in the pod's user namespace"
		isRoot   = ", and the policy's %s, %d, is the host's root in the pod's user namespace"
	)
	uid, ok := r.user(s)
	user, group := r.replacing(s)
	user = user && ok
	switch l := s.Spec.Linux; {
	case user && !isMapped(l.UIDMappings, uid):
		return fmt.Sprintf(unmapped, "runAsUser", uid)
	case group && !isMapped(l.GIDMappings, r.group()):
		return fmt.Sprintf(unmapped, "runAsGroup", r.group())
	case user && s.isHostUser(uid):
		return fmt.Sprintf(isRoot, "runAsUser", uid)
	case group && s.isHostGroup(r.group()):
		return fmt.Sprintf(isRoot, "runAsGroup", r.group())
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

// isHostUser reports whether a user id of the container, in its user namespace, is the host's
// root. No kubelet maps an id so, but any caller of CRI can ask for it.
func (s *Subject) isHostUser(uid uint32) bool {
	if !s.hasNamespace(specs.UserNamespace) {
		return false
	}
	return isHostRoot(s.Spec.Linux.UIDMappings, uid) || s.Pod.Sandbox != nil && isHostRoot(s.Pod.Sandbox.UIDMappings, uid)
}

// isHostGroup is isHostUser for a group id.
func (s *Subject) isHostGroup(gid uint32) bool {
	if !s.hasNamespace(specs.UserNamespace) {
		return false
	}
	return isHostRoot(s.Spec.Linux.GIDMappings, gid) || s.Pod.Sandbox != nil && isHostRoot(s.Pod.Sandbox.GIDMappings, gid)
}

// isHostRoot reports whether the mappings lead from the id to the host's 0.
func isHostRoot(mappings []specs.LinuxIDMapping, id uint32) bool {
	return slices.ContainsFunc(mappings, func(m specs.LinuxIDMapping) bool {
		offset := id - m.ContainerID
		return id >= m.ContainerID && offset < m.Size && m.HostID+offset == 0
	})
}
