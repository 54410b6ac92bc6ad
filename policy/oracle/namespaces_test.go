package oracle

import (
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func hasNamespace(l *specs.Linux, typ specs.LinuxNamespaceType) bool {
	return slices.ContainsFunc(l.Namespaces, func(n specs.LinuxNamespace) bool { return n.Type == typ })
}

// joinsHost reports whether the path of such a namespace leads to the host's own.
func joinsHost(l *specs.Linux, typ specs.LinuxNamespaceType) bool {
	return slices.ContainsFunc(l.Namespaces, func(n specs.LinuxNamespace) bool { return n.Type == typ && ofHost(n.Path) })
}

// ownUsers reports whether the container has a user namespace that is new or its pod's.
func ownUsers(l *specs.Linux) bool {
	return hasNamespace(l, specs.UserNamespace) && !slices.ContainsFunc(l.Namespaces, func(n specs.LinuxNamespace) bool {
		return n.Type == specs.UserNamespace && n.Path != "" && !slices.Contains(ownNamespaceFiles(), n.Path)
	})
}

// ownNamespaceFiles are the paths of the pod's namespaces. A process of the
// host's network has the host's there.
func ownNamespaceFiles() []string {
	return []string{
		"/proc/" + podPid + "/ns/ipc", "/proc/" + podPid + "/ns/uts", "/proc/" + podPid + "/ns/net", "/proc/" + podPid + "/ns/user",
	}
}

// namespaces reads which namespaces are not the container's or its pod's. Those of
// cgroup and time only show something where they are the host's.
func (s *state) namespaces(n node, l *specs.Linux) {
	for _, typ := range []specs.LinuxNamespaceType{
		specs.NetworkNamespace, specs.PIDNamespace, specs.IPCNamespace, specs.UTSNamespace, specs.MountNamespace,
	} {
		if joinsHost(l, typ) || !hasNamespace(l, typ) || !slices.Contains(n.podNamespaces(), string(typ)) {
			s.add(hostNamespace, string(typ))
		}
	}
	for _, ns := range l.Namespaces {
		switch {
		case ns.Path == "" || slices.Contains(ownNamespaceFiles(), ns.Path):
		case ns.Type == specs.PIDNamespace: // that of another container of the pod is asked for so
		default:
			s.add(otherNamespace, string(ns.Type))
		}
	}
}

// newCgroups reports whether a cgroup namespace is made for the container.
func newCgroups(l *specs.Linux) bool {
	count := 0
	for _, ns := range l.Namespaces {
		if ns.Type == specs.CgroupNamespace {
			count++
			if ns.Path != "" {
				return false
			}
		}
	}
	return count == 1
}
