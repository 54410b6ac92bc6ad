package policy

import (
	"reflect"
	"slices"
	"strings"

	"github.com/specguard/specguard/internal/globs"
)

func (a *Annotations) idle(by Rule) []idleEntry {
	return idleOf("allowed", by.(*Annotations).Allowed, coveredAlready(a.Allowed))
}

func (a *AppArmorProfile) idle(by Rule) []idleEntry {
	return idleOf("allowed", by.(*AppArmorProfile).Allowed, func(p AppArmorPattern) string {
		if slices.Contains(a.permitted(), p) || !Glob(p).wild() && a.permits(p) {
			return allowedAlready
		}
		return ""
	})
}

func (c *Capabilities) idle(by Rule) []idleEntry {
	return idleOf("allow", by.(*Capabilities).Allow, func(name Capability) string {
		if c.permits(string(name)) && !c.refuses(string(name)) {
			return allowedAlready
		}
		return ""
	})
}

func (c *CgroupsPath) idle(by Rule) []idleEntry {
	return idleOf("allowed", by.(*CgroupsPath).Allowed, oneOfThese(c.Allowed))
}

func (d *Devices) idle(by Rule) []idleEntry {
	return idleOf("allowed", by.(*Devices).Allowed, func(a AllowedDevice) string {
		if slices.ContainsFunc(d.Allowed, func(b AllowedDevice) bool { return reflect.DeepEqual(a, b) }) {
			return allowedAlready
		}
		return ""
	})
}

func (e *Env) idle(by Rule) []idleEntry {
	return idleOf("allow", by.(*Env).Allow, func(g Glob) string {
		if _, both := globs.Find(globs.Words("=", 255), groups([]Glob{g}, e.Forbid), nil); both == globs.None {
			return "no pattern of forbid covers it"
		}
		return coveredAlready(e.Allow)(g)
	})
}

func (h *Hooks) idle(by Rule) []idleEntry {
	return idleOf("allowed", by.(*Hooks).Allowed, coveredAlready(h.Allowed))
}

func (h *HostNamespaces) idle(by Rule) []idleEntry {
	return idleOf("allow", by.(*HostNamespaces).Allow, oneOfThese(h.Allow))
}

func (h *HostPaths) idle(by Rule) []idleEntry {
	return idleOf("allowed", by.(*HostPaths).Allowed, func(a AllowedPath) string {
		same := func(b AllowedPath) bool {
			return a.Path == b.Path && (a.ReadOnly || !b.ReadOnly) && a.Propagation.strength() <= b.Propagation.strength()
		}
		switch {
		case slices.ContainsFunc(h.Allowed, same):
			return allowedAlready
		case h.allowsOthers() && !slices.ContainsFunc(h.Forbidden, func(f ForbiddenPath) bool { return f.around(string(a.Path)) }):
			return "it lies in none of the forbidden paths, and the rule allows the others already (an entry for a folder around a " +
				"forbidden path does not speak for that)"
		default:
			return ""
		}
	})
}

// around reports whether the path is the forbidden one, or lies in it. Of RuntimeSockets, it knows the usual
// places.
func (f ForbiddenPath) around(p string) bool {
	if below, ok := strings.CutPrefix(p, "/var/run/"); ok && f.around("/run/"+below) {
		return true // a link, on most nodes
	}
	if f != runtimeSockets {
		_, in := under(string(f), p)
		return in
	}
	return slices.ContainsFunc(socketPaths(NoHost{}), func(o owned) bool {
		return slices.ContainsFunc(o.paths, func(socket string) bool { _, in := under(socket, p); return in })
	})
}

func (h *HostPorts) idle(by Rule) []idleEntry {
	return idleOf("allowed", by.(*HostPorts).Allowed, func(r PortRange) string {
		for _, protocol := range protocols() {
			for port := int32(r.Min); port <= int32(r.Max); port++ {
				if p := (HostPort{Port: port, Protocol: string(protocol)}); r.covers(p) && !h.allows(p) {
					return ""
				}
			}
		}
		return allowedAlready
	})
}

func (i *Images) idle(by Rule) []idleEntry {
	return idleOf("allowed", by.(*Images).Allowed, func(p ImagePattern) string {
		forbidden := len(i.Forbidden) > 0 && anyShare([]string{string(p)}, texts(i.Forbidden), imageStart)
		switch {
		case forbidden || i.Allowed != nil && coveredBy(i.Allowed, p) < 0:
			return ""
		case i.Allowed == nil && len(i.Forbidden) == 0:
			return noList("allowed and no forbidden")
		default:
			return allowedAlready
		}
	})
}

func (r *IntelRdt) idle(by Rule) []idleEntry {
	return idleOf("allowed", by.(*IntelRdt).Allowed, limitedBy("allowed", r.Allowed))
}

// limitedBy is the reason for an entry of a list that may be missing.
func limitedBy(field string, list []Glob) func(Glob) string {
	if list == nil {
		return func(Glob) string { return noList(field) }
	}
	return coveredAlready(list)
}

func (n *NetDevices) idle(by Rule) []idleEntry {
	return idleOf("allowed", by.(*NetDevices).Allowed, coveredAlready(n.Allowed))
}

func (r *RunAsNonRoot) idle(by Rule) []idleEntry {
	more := by.(*RunAsNonRoot)
	ids := func(field string, list, entries []IDRange, group bool) []idleEntry {
		return idleOf(field, entries, func(e IDRange) string {
			switch {
			case group && r.ForbidRootGroup && e.Max == 0:
				return "forbidRootGroup denies it all the same (to excuse from that, name the rule in rules)"
			case len(list) == 0 && (group || r.NamespaceUsers == nil):
				return noList(field)
			case e.in(list):
				return allowedAlready
			}
			return ""
		})
	}
	return slices.Concat(
		ids("allowedUsers", r.AllowedUsers, more.AllowedUsers, false),
		ids("allowedGroups", r.AllowedGroups, more.AllowedGroups, true),
		ids("allowedSupplementalGroups", r.AllowedSupplementalGroups, more.AllowedSupplementalGroups, true),
	)
}

// in reports whether the ranges together have all ids of this one.
func (r IDRange) in(ranges []IDRange) bool {
	for next := uint64(r.Min); next <= uint64(r.Max); {
		at := slices.IndexFunc(ranges, func(o IDRange) bool { return uint64(o.Min) <= next && next <= uint64(o.Max) })
		if at < 0 {
			return false
		}
		next = uint64(ranges[at].Max) + 1
	}
	return true
}

func (r *RuntimeHandlers) idle(by Rule) []idleEntry {
	return idleOf("allowed", by.(*RuntimeHandlers).Allowed, coveredAlready(r.Allowed))
}

func (r *Scheduler) idle(by Rule) []idleEntry {
	more := by.(*Scheduler)
	return append(idleOf("allowedPolicies", more.AllowedPolicies, oneOfThese(r.policies())),
		idleOf("allowedIOClasses", more.AllowedIOClasses, oneOfThese(r.classes()))...)
}

func (r *SeccompProfile) idle(by Rule) []idleEntry {
	return idleOf("allowed", by.(*SeccompProfile).Allowed, func(p SeccompPattern) string {
		if r.Allowed == nil && p != seccompUnconfined {
			return noList("allowed")
		}
		return oneOfThese(r.Allowed)(p)
	})
}

func (o *SELinuxOptions) idle(by Rule) []idleEntry {
	var out []idleEntry
	lists := by.(*SELinuxOptions).allowLists()
	for i, p := range o.parts() {
		out = append(out, idleOf(lists[i].field, *lists[i].list.(*[]Glob), limitedBy(lists[i].field, p.allowed))...)
	}
	return out
}

func (y *Sysctls) idle(by Rule) []idleEntry {
	return idleOf("allowed", by.(*Sysctls).Allowed, func(p SysctlPattern) string {
		if slices.Contains(y.Allowed, p) || !Glob(p).wild() && y.allows(string(p)) {
			return allowedAlready
		}
		return ""
	})
}

func (v *VolumeTypes) idle(by Rule) []idleEntry {
	return idleOf("allowed", by.(*VolumeTypes).Allowed, oneOfThese(v.Allowed))
}
