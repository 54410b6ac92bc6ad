package policy

import (
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/strict"
)

// HostNamespaces limits the namespaces that a container shares with the host, and forbids
// namespaces of other pods: a container must use its pod's namespaces, or new ones of its own.
// A pod in the host's network also has the host's name (uts). A mount namespace must always be
// the container's own. A pid namespace may be that of another container of the pod, so the rule
// does not compare its path.
//
// A container without its own cgroup or time namespace does not break the rule: it only sees the
// host's cgroups and clocks. For user namespaces, use rule userNamespace.
//
// Reads: linux.namespaces (OCI runtime spec, config-linux.md, "Namespaces") and the namespaces of
// the pod. If a type is missing, or its path leads to the host's own namespace, the container
// uses the host's. If the runtime shows the pod's namespaces (containerd by the sandbox's
// process, CRI-O by paths), the rule compares the paths with them.
// Adjusts: nothing: a program that needs the host's namespace would not work without it.
// Source: namespaces(7); Pod Security Standards, Baseline, "Host Namespaces".
// Example: {allow: [network]}
type HostNamespaces struct {
	Base      `yaml:",inline"`
	checkOnly `yaml:"-"`

	// Allow lists the host's namespaces that may be shared.
	// Default: none.
	Allow []HostNamespace `yaml:"allow"`
}

// HostNamespace is network, pid, ipc or uts, the namespaces that a Kubernetes pod can share
// with its host. A pod that may share network may also share uts with it.
type HostNamespace string

// hostNamespaces are all of them, in the order in which they are reported.
func hostNamespaces() []HostNamespace {
	return []HostNamespace{
		HostNamespace(specs.NetworkNamespace), HostNamespace(specs.PIDNamespace), HostNamespace(specs.IPCNamespace),
		HostNamespace(specs.UTSNamespace),
	}
}

// UnmarshalText reads a namespace; an unknown one is an error that names the
// known ones.
func (n *HostNamespace) UnmarshalText(text []byte) error {
	return oneOf(n, text, hostNamespaces()...)
}

// JSONSchema lists the namespaces.
func (HostNamespace) JSONSchema() map[string]any { return strict.Enum(hostNamespaces()...) }

// Warnings tells of a list that has every namespace.
func (h *HostNamespaces) Warnings() []error {
	if slices.ContainsFunc(hostNamespaces(), func(n HostNamespace) bool { return !slices.Contains(h.Allow, n) }) {
		return nil
	}
	return []error{strict.Field("allow", "has every namespace: the rule only denies namespaces of other pods, and a missing mount namespace")}
}

// Check finds namespaces that are not allowed.
func (h *HostNamespaces) Check(s *Subject) []Finding {
	var out []Finding
	var shared []HostNamespace
	for _, n := range hostNamespaces() {
		if !slices.Contains(h.Allow, n) && s.sharesHost(specs.LinuxNamespaceType(n)) && !nameOfNetwork(s, n) {
			shared = append(shared, n)
		}
	}
	if len(shared) > 0 {
		out = append(out, listing("host namespaces ", shared, " not allowed").with(listOrNone(h.Allow), fixHostNamespaces(shared)))
	}
	if !s.hasNamespace(specs.MountNamespace) {
		out = append(out, Finding{Found: "no mount namespace of its own"})
	}
	if foreign := foreignNamespaces(s); len(foreign) > 0 {
		out = append(out, Finding{Found: "namespaces " + few(foreign) + " are not the pod's"})
	}
	return out
}

// fixHostNamespaces is what the pod's author writes; a pod has no field for uts.
func fixHostNamespaces(shared []HostNamespace) string {
	var out []string
	for _, n := range shared {
		switch specs.LinuxNamespaceType(n) {
		case specs.NetworkNamespace:
			out = append(out, "set spec.hostNetwork: false")
		case specs.PIDNamespace:
			out = append(out, "set spec.hostPID: false")
		case specs.IPCNamespace:
			out = append(out, "set spec.hostIPC: false")
		}
	}
	return strings.Join(out, "; ")
}

// nameOfNetwork reports whether the namespace is the uts of a pod that is in the
// host's network.
func nameOfNetwork(s *Subject, n HostNamespace) bool {
	return n == HostNamespace(specs.UTSNamespace) && s.sharesHost(specs.NetworkNamespace)
}

// foreignNamespaces are the types of the namespaces that the container joins and
// that are not its pod's.
func foreignNamespaces(s *Subject) []specs.LinuxNamespaceType {
	if s.Spec.Linux == nil {
		return nil
	}
	var out []specs.LinuxNamespaceType
	for _, n := range s.Spec.Linux.Namespaces {
		if n.Path != "" && !slices.Contains(out, n.Type) && joinsOthers(s, n) {
			out = append(out, n.Type)
		}
	}
	return out
}

// joinsOthers reports whether a path is known to lead to another namespace than the
// pod's.
func joinsOthers(s *Subject, n specs.LinuxNamespace) bool {
	if strings.HasPrefix(path.Clean(n.Path), "/proc/1/") {
		return true // the host's
	}
	switch n.Type {
	case specs.MountNamespace, specs.CgroupNamespace, specs.TimeNamespace:
		return true // no pod has one that its containers share
	case specs.NetworkNamespace, specs.IPCNamespace, specs.UTSNamespace, specs.UserNamespace:
		known := s.Pod.LinuxNamespacePaths[string(n.Type)]
		return len(known) > 0 && !slices.Contains(known, n.Path)
	default:
		return false
	}
}
