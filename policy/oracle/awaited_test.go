package oracle

import "slices"

// awaited tells whether a rule that is on its way will find the ability.
func awaited(before *state, a ability) bool {
	switch a.kind {
	case otherNamespace, annotation, cgroup, priority, netDevice, rdt, propagation, appArmor:
		return true
	case hostNamespace:
		return a.what == "uts" || a.what == "mount"
	case capability: // all: there is no list of them
		return !slices.ContainsFunc(kernelCapabilities(), func(name string) bool { return !before.can[ability{capability, name}] })
	default:
		return false
	}
}
