package policy

import (
	"slices"
	"strings"

	"github.com/moby/sys/capability"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// Privileged forbids the privileges of a container with privileged: true.
//
// A spec does not say "privileged". Each of these alone breaks the rule:
//
//   - read or write access to all block devices, or to all character devices;
//   - the capabilities SYS_ADMIN, SYS_MODULE and SYS_RAWIO together (a runtime cannot give more
//     capabilities than it has, so a privileged container does not always have all of them);
//   - no process.capabilities at all, which gives all of them;
//   - a sysfs or cgroup mount that is writable, anywhere in the container;
//   - a mount with the option remount but without ro.
//
// A writable cgroup mount is allowed if the container has its own cgroup namespace and the host's
// cgroups are v2 and mounted with nsdelegate (containerd's cgroup_writable). The kernel then lets
// the container manage the cgroups below its own, but not its own limits. If a container breaks
// the rule, the message also mentions missing masked paths and a missing seccomp profile. These
// alone do not break it, because an unprivileged container may lack them too.
//
// Reads: linux.resources.devices, process.capabilities, mounts, linux.namespaces,
// linux.maskedPaths, linux.seccomp (OCI runtime spec, config-linux.md and config.md).
// Adjusts: reduces the container to what an unprivileged one gets. It keeps only those of its
// capabilities that are among the runtimes' 14 default ones (none if the spec has no
// process.capabilities). It makes sysfs and cgroup mounts read-only, and adds the default masked
// and read-only paths and the default seccomp profile if there are none. If the container had
// access to every device, it keeps only the devices that every container has (/dev/null and
// similar, which the OCI runtime adds itself). Namespaces stay as they are. AppArmor and SELinux
// have rules of their own: a privileged container has no SELinux label, and gets one only from
// rule seLinuxOptions, if that adjusts and names a type.
// Source: Pod Security Standards, Baseline, "Privileged Containers"; containerd pkg/oci
// WithPrivileged and WithAllDevicesAllowed; capabilities(7), cgroups(7).
// Example: {onViolation: reject}
type Privileged struct {
	Base `yaml:",inline"`
}

// Check finds signs of a privileged container.
func (*Privileged) Check(s *Subject) []Finding {
	signs := privilegedSigns(s)
	if len(signs) == 0 {
		return nil
	}
	if l := s.Spec.Linux; l == nil || len(l.MaskedPaths) == 0 {
		signs = append(signs, "no masked paths")
	}
	if l := s.Spec.Linux; l == nil || l.Seccomp == nil {
		signs = append(signs, "no seccomp profile")
	}
	return []Finding{{Found: "privileged container: " + few(signs), Fix: fixOf(s)}}
}

// Adjust takes the container back to what an unprivileged one gets.
func (*Privileged) Adjust(s *Subject) []string {
	l := s.linux()
	var changes []string
	if everyDevice(deviceRules(s.Spec)) {
		if l.Resources == nil {
			l.Resources = &specs.LinuxResources{}
		}
		l.Devices = nil
		l.Resources.Devices = []specs.LinuxDeviceCgroup{{Allow: false, Access: "rwm"}}
		changes = append(changes, "took all devices away")
	}
	changes = append(changes, dropCapabilities(s.Spec, isDefaultCapability)...)
	for i := range s.Spec.Mounts {
		if m := &s.Spec.Mounts[i]; s.opensKernel(m) {
			s.makeReadOnly(m)
			changes = append(changes, "made "+m.Destination+" read-only")
		}
	}
	if len(l.MaskedPaths) == 0 {
		l.MaskedPaths = defaultMaskedPaths()
		changes = append(changes, "set the default masked paths")
	}
	if len(l.ReadonlyPaths) == 0 {
		l.ReadonlyPaths = defaultReadonlyPaths()
		changes = append(changes, "set the default read-only paths")
	}
	if l.Seccomp == nil {
		changes = append(changes, s.giveSeccomp(seccompDefault)...)
	}
	return changes
}

// fixPrivileged is what the author of a privileged container writes.
const fixPrivileged = "set securityContext.privileged: false"

// fixOf is what the author of a container with signs of a privileged one writes.
func fixOf(s *Subject) string {
	if !everyDevice(deviceRules(s.came)) && slices.ContainsFunc(capabilitySets(s.came), everyCapability) {
		return "remove ALL from securityContext.capabilities.add"
	}
	return fixPrivileged
}

// everyCapability reports whether the set has all capabilities that have been there since Linux 3.16:
// container runtimes add those that the kernel knows.
func everyCapability(set *[]string) bool {
	for c := capability.Cap(0); c <= capability.CAP_AUDIT_READ; c++ {
		if !mayGive(*set, "CAP_"+strings.ToUpper(c.String())) {
			return false
		}
	}
	return true
}

// privilegedSigns are the signs of which each alone makes a violation.
func privilegedSigns(s *Subject) []string {
	spec := s.Spec
	var signs []string
	if everyDevice(deviceRules(spec)) {
		signs = append(signs, "access to every device")
	}
	switch {
	case allCapabilitiesGiven(spec):
		signs = append(signs, "all capabilities (the spec has no process.capabilities)")
	case slices.ContainsFunc(capabilitySets(spec), givesAll):
		signs = append(signs, "capabilities SYS_ADMIN, SYS_MODULE and SYS_RAWIO")
	}
	for i := range spec.Mounts {
		switch m := &spec.Mounts[i]; {
		case !s.opensKernel(m):
		case remounts(m):
			signs = append(signs, m.Destination+" is remounted writable")
		default:
			signs = append(signs, m.Destination+" is writable")
		}
	}
	return signs
}

// givesAll reports whether the set gives the capabilities that together only a
// privileged container has.
func givesAll(set *[]string) bool {
	return mayGive(*set, "CAP_SYS_ADMIN") && mayGive(*set, "CAP_SYS_MODULE") && mayGive(*set, "CAP_SYS_RAWIO")
}

func deviceRules(spec *specs.Spec) []specs.LinuxDeviceCgroup {
	if spec.Linux == nil || spec.Linux.Resources == nil {
		return nil
	}
	return spec.Linux.Resources.Devices
}

// everyDevice reports whether every block device or every character device may
// be read or written. The last rule that covers them all counts; without any,
// a kernel allows everything.
func everyDevice(rules []specs.LinuxDeviceCgroup) bool {
	for _, typ := range []string{"b", "c"} {
		for _, access := range []string{"r", "w"} {
			allowed := true
			for i := range rules {
				if coversEvery(&rules[i], typ, access) {
					allowed = rules[i].Allow
				}
			}
			if allowed {
				return true
			}
		}
	}
	return false
}

// coversEvery reports whether the rule is for that access to all devices of the
// type. A rule for all types opens everything, whatever else it says: runtimes
// differ in whether they read on.
func coversEvery(r *specs.LinuxDeviceCgroup, typ, access string) bool {
	wild := func(n *int64) bool { return n == nil || *n < 0 }
	switch r.Type {
	case "", "a":
		return r.Allow || wild(r.Major) && wild(r.Minor) && strings.Contains(r.Access, access)
	case typ:
		return wild(r.Major) && wild(r.Minor) && strings.Contains(r.Access, access)
	default:
		return false
	}
}

func hasCapability(set []string, name string) bool {
	return slices.ContainsFunc(set, func(n string) bool { return strings.EqualFold(n, name) })
}

// hasDefaultCapabilities reports whether the container holds what each runtime gives
// to a container that asks for nothing and drops nothing.
func hasDefaultCapabilities(spec *specs.Spec) bool {
	return slices.ContainsFunc(capabilitySets(spec), func(set *[]string) bool {
		return hasCapability(*set, "CAP_CHOWN") && hasCapability(*set, "CAP_SETUID") && hasCapability(*set, "CAP_KILL")
	})
}

// isDefaultCapability reports whether containerd and CRI-O give the capability
// to a container that asks for nothing. CRI-O's list is shorter.
func isDefaultCapability(name string) bool {
	switch short(name) {
	case "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
		"NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT":
		return true
	}
	return false
}
