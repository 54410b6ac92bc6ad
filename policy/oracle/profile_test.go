package oracle

import (
	"slices"
	"strings"
)

// profile is what a set of policies promises of a container that runs.
type profile int

// The profiles, each with all that those before it promise. The last is of the
// policy that adjusts everything.
const (
	baseline profile = iota
	restricted
	hardened
	everything
)

func (p profile) String() string {
	return [...]string{"baseline", "restricted", "hardened", "everything"}[p]
}

// forbids reports whether a container must not have the ability. For baseline and
// restricted these are the Pod Security Standards, and what no pod can ask of a
// kubelet; hardened adds what the profile says of itself.
func (p profile) forbids(a ability) bool {
	switch a.kind {
	case hostNamespace, otherNamespace, hostFiles, filesystem, remount, kernelFiles, foreignIDs, propagation, spread,
		sysctl, appArmor, annotation, cgroup, priority, netDevice, rdt:
		return true
	case capability:
		if p == baseline {
			return !slices.Contains(baselineCapabilities(), a.what)
		}
		return a.what != "NET_BIND_SERVICE"
	case unmasked:
		return p > baseline || !strings.HasSuffix(a.what, "namespace")
	case seLinux:
		return !slices.Contains(labelParts(), a.what)
	case device:
		return p == everything || !strings.HasPrefix(a.what, usualUse)
	case deviceNode:
		return p == everything || !usualNode(a.what)
	case root, escalate:
		return p >= restricted
	case volume:
		return p >= restricted && !restrictedVolume(a.what)
	case seccomp:
		return p >= hardened || p == restricted && a.what == "everything"
	case writableRoot, runWritable:
		return p >= hardened
	case noLimit:
		return p >= hardened
	case token:
		return p == everything
	case hook:
		return p == everything && a.what != allowedHook
	case variable:
		return p == everything && strings.HasPrefix(a.what, "LD_")
	default:
		return false
	}
}

// bad lists what the state has that the profile forbids.
func (p profile) bad(s *state) []string { return s.list(p.forbids) }

// baselineCapabilities are those of Baseline, and NET_RAW, which every runtime
// gives.
func baselineCapabilities() []string {
	return strings.Fields(`AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP
		SETUID SYS_CHROOT`)
}

// labelParts are those that Baseline allows, and what runtimes set beside them.
func labelParts() []string {
	return []string{
		"user system_u", "role system_r", "type container_t", "type container_init_t", "type container_kvm_t", "type container_engine_t",
	}
}
