package policy

import (
	"reflect"
	"slices"
)

// widens is implemented by rules with lists of what is allowed. An exception can lengthen them.
type widens interface {
	Rule

	// allowLists are the lists: pointers to the rule's fields.
	allowLists() []allowedList

	// widen allows in addition what a rule of the same kind allows, of which only the lists
	// are set. It never makes the rule stricter. The rule shares no list with others after it.
	widen(by Rule)

	// idle tells of entries of the other rule's lists with which widen allows nothing more.
	idle(by Rule) []idleEntry
}

// allowedList is one of the lists of a rule.
type allowedList struct {
	field string // of the rule, in a document
	list  any    // a pointer to a slice
}

// widened is a copy of the rule that allows in addition what the others do.
func widened(r widens, by ...Rule) widens {
	v := reflect.New(reflect.TypeOf(r).Elem())
	v.Elem().Set(reflect.ValueOf(r).Elem())
	out := v.Interface().(widens)
	for _, b := range by {
		out.widen(b)
	}
	return out
}

// longer is the list with the other one, neither of which is edited. A list that is nil
// allows everything.
func longer[T any](list, by []T) []T {
	if list == nil {
		return nil
	}
	return append(slices.Clip(list), by...)
}

// otherThan is the list without what the other one has.
func otherThan[T ~string, U ~string](list []T, others []U) []T {
	return slices.DeleteFunc(slices.Clone(list), func(v T) bool { return slices.Contains(others, U(v)) })
}

func (a *Annotations) allowLists() []allowedList { return []allowedList{{"allowed", &a.Allowed}} }
func (a *Annotations) widen(by Rule) {
	a.Allowed = append(slices.Clip(a.Allowed), by.(*Annotations).Allowed...)
}

func (a *AppArmorProfile) allowLists() []allowedList { return []allowedList{{"allowed", &a.Allowed}} }
func (a *AppArmorProfile) widen(by Rule) {
	a.Allowed = append(slices.Clip(a.permitted()), by.(*AppArmorProfile).Allowed...)
}

func (c *Capabilities) allowLists() []allowedList { return []allowedList{{"allow", &c.Allow}} }
func (c *Capabilities) widen(by Rule) {
	more := by.(*Capabilities).Allow
	c.refusesAll = c.refusesAll || len(c.Refuse) > 0
	c.Drop, c.Refuse = otherThan(c.Drop, more), otherThan(c.Refuse, more)
	if len(c.Allow) > 0 || slices.Contains(c.Drop, allCapabilities) {
		c.Allow = append(slices.Clip(c.Allow), more...)
	}
	c.spared = append(slices.Clip(c.spared), more...)
}

func (c *CgroupsPath) allowLists() []allowedList { return []allowedList{{"allowed", &c.Allowed}} }
func (c *CgroupsPath) widen(by Rule) {
	c.Allowed = append(slices.Clip(c.Allowed), by.(*CgroupsPath).Allowed...)
}

func (d *Devices) allowLists() []allowedList { return []allowedList{{"allowed", &d.Allowed}} }
func (d *Devices) widen(by Rule) {
	d.Allowed = append(slices.Clip(d.Allowed), by.(*Devices).Allowed...)
}

func (e *Env) allowLists() []allowedList { return []allowedList{{"allow", &e.Allow}} }
func (e *Env) widen(by Rule)             { e.Allow = append(slices.Clip(e.Allow), by.(*Env).Allow...) }

func (h *Hooks) allowLists() []allowedList { return []allowedList{{"allowed", &h.Allowed}} }
func (h *Hooks) widen(by Rule)             { h.Allowed = append(slices.Clip(h.Allowed), by.(*Hooks).Allowed...) }

func (h *HostNamespaces) allowLists() []allowedList { return []allowedList{{"allow", &h.Allow}} }
func (h *HostNamespaces) widen(by Rule) {
	h.Allow = append(slices.Clip(h.Allow), by.(*HostNamespaces).Allow...)
}

func (h *HostPaths) allowLists() []allowedList { return []allowedList{{"allowed", &h.Allowed}} }
func (h *HostPaths) widen(by Rule)             { h.more = append(slices.Clip(h.more), by.(*HostPaths).Allowed) }

func (h *HostPorts) allowLists() []allowedList { return []allowedList{{"allowed", &h.Allowed}} }
func (h *HostPorts) widen(by Rule) {
	h.Allowed = append(slices.Clip(h.Allowed), by.(*HostPorts).Allowed...)
}

func (i *Images) allowLists() []allowedList { return []allowedList{{"allowed", &i.Allowed}} }
func (i *Images) widen(by Rule) {
	more := by.(*Images).Allowed
	i.Allowed, i.Forbidden = longer(i.Allowed, more), otherThan(i.Forbidden, more)
	i.spared = append(slices.Clip(i.spared), more...)
}

func (r *IntelRdt) allowLists() []allowedList { return []allowedList{{"allowed", &r.Allowed}} }
func (r *IntelRdt) widen(by Rule)             { r.Allowed = longer(r.Allowed, by.(*IntelRdt).Allowed) }

func (n *NetDevices) allowLists() []allowedList { return []allowedList{{"allowed", &n.Allowed}} }
func (n *NetDevices) widen(by Rule) {
	n.Allowed = append(slices.Clip(n.Allowed), by.(*NetDevices).Allowed...)
}

func (r *RunAsNonRoot) allowLists() []allowedList {
	return []allowedList{
		{"allowedUsers", &r.AllowedUsers}, {"allowedGroups", &r.AllowedGroups},
		{"allowedSupplementalGroups", &r.AllowedSupplementalGroups},
	}
}
func (r *RunAsNonRoot) widen(by Rule) {
	more := by.(*RunAsNonRoot)
	if r.NamespaceUsers != nil {
		r.AllowedUsers = append(slices.Clip(r.AllowedUsers), more.AllowedUsers...)
	} else {
		r.AllowedUsers = longer(r.AllowedUsers, more.AllowedUsers)
	}
	r.AllowedGroups = longer(r.AllowedGroups, more.AllowedGroups)
	r.AllowedSupplementalGroups = longer(r.AllowedSupplementalGroups, more.AllowedSupplementalGroups)
}

func (r *RuntimeHandlers) allowLists() []allowedList { return []allowedList{{"allowed", &r.Allowed}} }
func (r *RuntimeHandlers) widen(by Rule) {
	r.Allowed = append(slices.Clip(r.Allowed), by.(*RuntimeHandlers).Allowed...)
}

func (r *Scheduler) allowLists() []allowedList {
	return []allowedList{{"allowedPolicies", &r.AllowedPolicies}, {"allowedIOClasses", &r.AllowedIOClasses}}
}
func (r *Scheduler) widen(by Rule) {
	more := by.(*Scheduler)
	r.AllowedPolicies = append(slices.Clip(r.policies()), more.AllowedPolicies...)
	r.AllowedIOClasses = append(slices.Clip(r.classes()), more.AllowedIOClasses...)
}

func (r *SeccompProfile) allowLists() []allowedList { return []allowedList{{"allowed", &r.Allowed}} }
func (r *SeccompProfile) widen(by Rule) {
	more := by.(*SeccompProfile).Allowed
	if r.Allowed != nil || slices.Contains(more, seccompUnconfined) {
		r.Allowed = append(slices.Clip(r.Allowed), more...)
	}
}

func (o *SELinuxOptions) allowLists() []allowedList {
	return []allowedList{
		{"allowedUsers", &o.AllowedUsers}, {"allowedRoles", &o.AllowedRoles},
		{"allowedTypes", &o.AllowedTypes}, {"allowedLevels", &o.AllowedLevels},
	}
}
func (o *SELinuxOptions) widen(by Rule) {
	parts, more := o.parts(), by.(*SELinuxOptions)
	o.AllowedUsers = longer(parts[0].allowed, more.AllowedUsers)
	o.AllowedRoles = longer(parts[1].allowed, more.AllowedRoles)
	o.AllowedTypes = longer(parts[2].allowed, more.AllowedTypes)
	o.AllowedLevels = longer(parts[3].allowed, more.AllowedLevels)
}

func (y *Sysctls) allowLists() []allowedList { return []allowedList{{"allowed", &y.Allowed}} }
func (y *Sysctls) widen(by Rule) {
	y.Allowed = append(slices.Clip(y.Allowed), by.(*Sysctls).Allowed...)
}

func (v *VolumeTypes) allowLists() []allowedList { return []allowedList{{"allowed", &v.Allowed}} }
func (v *VolumeTypes) widen(by Rule) {
	v.Allowed = append(slices.Clip(v.Allowed), by.(*VolumeTypes).Allowed...)
}
