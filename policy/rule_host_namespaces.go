package policy

import (
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/strict"
)

// HostNamespaces bounds the namespaces that a container shares with the host, and
// refuses those of others: a container has its pod's, or new ones of its own. A pod
// in the host's network has the host's name too (uts). A mount namespace is always
// the container's own. A pid namespace may be that of another container of the pod,
// so its path is not compared.
//
// Not judged: a cgroup or time namespace that is missing, which only show what the
// host's show, and a user namespace that is missing (rule userNamespace).
//
// Reads: linux.namespaces (OCI runtime spec, config-linux.md, "Namespaces"):
// a type that is not listed is the host's, and so is one whose path leads to the
// host's own; and the namespaces of the pod. Paths are compared where the runtime
// tells those of the pod's (containerd the sandbox's process, CRI-O the paths).
// Adjusts: nothing. What was written for the host's namespace does not work in
// another.
// Source: namespaces(7); Pod Security Standards, Baseline, "Host Namespaces".
// Example: {allow: [network]}
type HostNamespaces struct {
	Base      `yaml:",inline"`
	checkOnly `yaml:"-"`

	// Allow lists the host's namespaces that may be shared.
	// Default: none.
	Allow []HostNamespace `yaml:"allow"`
}

// HostNamespace is network, pid, ipc or uts, the namespaces that a Kubernetes pod
// can share with its host. Whoever may share network may share uts with it.
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
		out = append(out, Finding{Found: "host namespaces " + joined(shared) + " not allowed", Allowed: listOrNone(h.Allow)})
	}
	if !s.hasNamespace(specs.MountNamespace) {
		out = append(out, Finding{Found: "no mount namespace of its own"})
	}
	if foreign := foreignNamespaces(s); len(foreign) > 0 {
		out = append(out, Finding{Found: "namespaces " + joined(foreign) + " are not the pod's"})
	}
	return out
}

// nameOfNetwork tells whether the namespace is the uts of a pod that is in the
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

// joinsOthers tells whether a path is known to lead to another namespace than the
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
