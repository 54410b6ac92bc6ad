package policy

import (
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/policy/strict"
)

// HostNamespaces bounds the namespaces that a container shares with the host.
//
// Reads: linux.namespaces (OCI runtime spec, config-linux.md, "Namespaces"):
// a type that is not listed is the host's, and so is one whose path leads to the
// host's own; and the namespaces of the pod.
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

// HostNamespace is network, pid or ipc, the namespaces that a Kubernetes pod
// can share with its host.
type HostNamespace string

// hostNamespaces are all of them, in the order in which they are reported.
func hostNamespaces() []HostNamespace {
	return []HostNamespace{
		HostNamespace(specs.NetworkNamespace), HostNamespace(specs.PIDNamespace), HostNamespace(specs.IPCNamespace),
	}
}

// UnmarshalText reads a namespace; an unknown one is an error that names the
// known ones.
func (n *HostNamespace) UnmarshalText(text []byte) error {
	return oneOf(n, text, hostNamespaces()...)
}

// JSONSchema lists the namespaces.
func (HostNamespace) JSONSchema() map[string]any { return strict.Enum(hostNamespaces()...) }

// Check finds the host's namespaces that are shared and not allowed.
func (h *HostNamespaces) Check(s *Subject) []Finding {
	var shared []HostNamespace
	for _, n := range hostNamespaces() {
		if !slices.Contains(h.Allow, n) && s.sharesHost(specs.LinuxNamespaceType(n)) {
			shared = append(shared, n)
		}
	}
	if len(shared) == 0 {
		return nil
	}
	return []Finding{{Found: "host namespaces " + joined(shared) + " not allowed", Allowed: listOrNone(h.Allow)}}
}
