package policy

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// unite has what is replaced set to what all rules together give.
func (r *RunAsNonRoot) unite(priority int, others []peer) Rule {
	united := *r
	united.force = forceOf(r, priority, others)
	return &united
}

// inForce are the rules that decide together.
func (r *RunAsNonRoot) inForce() force[*RunAsNonRoot] { return r.force.or(r) }

// Adjust replaces root and what is not allowed.
func (r *RunAsNonRoot) Adjust(s *Subject) []string {
	if s.Spec.Process == nil {
		return nil
	}
	u := &s.Spec.Process.User
	uid, hasUser := r.newUser(s)
	gid, hasGroup := r.newGroup(s)
	if !hasGroup || !hasUser && !r.userFine(s, u.UID) {
		return r.dropGroups(s, u, false)
	}
	var changes []string
	wasRoot := false
	came := s.userAsked()
	if !r.userFine(s, u.UID) && r.replaces(came.UID) {
		wasRoot = effective(u.UID) == 0
		changes = append(changes, fmt.Sprintf("changed uid %d to %d", u.UID, uid))
		u.UID = uid
		changes = append(changes, moveHome(s.Spec.Process, r.newHome(s, uid))...)
	}
	if !r.groupFine(s, u.GID, r.AllowedGroups) && r.replaces(came.GID) || wasRoot && r.leaves(s, u.GID) {
		changes = append(changes, fmt.Sprintf("changed gid %d to %d", u.GID, gid))
		u.GID = gid
	}
	return append(changes, r.dropGroups(s, u, wasRoot)...)
}

// newUser is the user that is set; false if no policy has one that the container can have.
func (r *RunAsNonRoot) newUser(s *Subject) (uid uint32, ok bool) {
	came := s.userAsked()
	var offers []offer[uint32]
	for _, m := range r.inForce() {
		o := m.rule
		if own, has := o.user(s); has && o.Action() == Adjust && o.cannotRun(s) == "" {
			offers = append(offers, offer[uint32]{own, !o.userFine(s, came.UID) && o.replaces(came.UID), m.priority})
		}
	}
	own, has := r.user(s)
	if !has || r.cannotRun(s) != "" {
		if len(offers) == 0 {
			return 0, false
		}
		own = offers[0].value
	}
	return agreed(own, offers, func(uid uint32) bool {
		return r.inForce().accept(func(o *RunAsNonRoot) bool { return o.userFine(s, uid) })
	}), true
}

// newGroup is the group that is set.
func (r *RunAsNonRoot) newGroup(s *Subject) (gid uint32, ok bool) {
	came := s.userAsked()
	var offers []offer[uint32]
	for _, m := range r.inForce() {
		o := m.rule
		if o.Action() == Adjust && o.cannotRun(s) == "" {
			asked := !o.groupFine(s, came.GID, o.AllowedGroups) && o.replaces(came.GID) || o.replacesRoot(s) && o.leavesGroup(came.GID)
			offers = append(offers, offer[uint32]{o.group(), asked, m.priority})
		}
	}
	if len(offers) == 0 {
		return 0, false
	}
	own := r.group()
	if r.cannotRun(s) != "" {
		own = offers[0].value
	}
	return agreed(own, offers, func(gid uint32) bool {
		return r.inForce().accept(func(o *RunAsNonRoot) bool { return o.groupFine(s, gid, o.AllowedGroups) })
	}), true
}

// newHome is the HOME of the new user: that of a rule which sets this user, or else of another one.
func (r *RunAsNonRoot) newHome(s *Subject, uid uint32) absPath {
	var offers []offer[absPath]
	for _, m := range r.inForce() {
		o := m.rule
		if own, has := o.user(s); o.Home != "" && o.Action() == Adjust {
			offers = append(offers, offer[absPath]{o.Home, has && own == uid, m.priority})
		}
	}
	return agreed("", offers, func(absPath) bool { return true })
}

// userAsked is the user that came with the spec: another policy may have replaced it.
func (s *Subject) userAsked() specs.User {
	if s.came.Process == nil {
		return s.Spec.Process.User
	}
	return s.came.Process.User
}

// replaces reports whether adjusting may replace what came with that id.
func (r *RunAsNonRoot) replaces(id uint32) bool { return !r.AdjustOnlyRoot || effective(id) == 0 }

// replacesRoot reports whether the rule wants the user that came to be replaced, and it is root.
func (r *RunAsNonRoot) replacesRoot(s *Subject) bool {
	uid := s.userAsked().UID
	return r.Action() == Adjust && effective(uid) == 0 && !r.userFine(s, uid)
}

// leaves reports whether the group goes with root: a single rule that replaces root and does not keep
// its group is enough.
func (r *RunAsNonRoot) leaves(s *Subject, gid uint32) bool {
	return !r.inForce().accept(func(o *RunAsNonRoot) bool { return !o.replacesRoot(s) || !o.leavesGroup(gid) })
}

func (r *RunAsNonRoot) leavesGroup(gid uint32) bool {
	return effective(gid) == 0 && !(gid == 0 && r.KeepRootGroup)
}

// dropGroups takes away the additional groups that are not allowed.
func (r *RunAsNonRoot) dropGroups(s *Subject, u *specs.User, wasRoot bool) []string {
	var dropped []string
	u.AdditionalGids = slices.DeleteFunc(u.AdditionalGids, func(g uint32) bool {
		bad := !r.groupFine(s, g, r.AllowedSupplementalGroups) || wasRoot && r.leaves(s, g)
		if bad {
			dropped = append(dropped, strconv.FormatUint(uint64(g), 10))
		}
		return bad
	})
	if len(dropped) == 0 {
		return nil
	}
	return []string{"dropped additional groups " + few(dropped)}
}
