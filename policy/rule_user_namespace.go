package policy

import "github.com/opencontainers/runtime-spec/specs-go"

// UserNamespace requires a user namespace of the container's pod in which no user and no group is
// the host's root. Then root inside the container has no privileges outside. In Kubernetes, a pod
// gets such a namespace with hostUsers: false. If the namespace is known to be the host's or
// another pod's, the container breaks the rule, whatever mappings its spec has.
//
// Reads: linux.namespaces, linux.uidMappings and linux.gidMappings (OCI runtime spec,
// config-linux.md, "Namespaces" and "User namespace mappings"), and the mappings of the pod's
// sandbox, which the container joins. If the agent cannot see the sandbox, the rule judges only
// the container's mappings.
// Adjusts: nothing. The pod's volumes and root filesystem would have to be mapped too.
// Source: user_namespaces(7); Kubernetes,
// https://kubernetes.io/docs/concepts/workloads/pods/user-namespaces.
// Example: {onViolation: reject}
type UserNamespace struct {
	Base      `yaml:",inline"`
	checkOnly `yaml:"-"`
}

// Check finds a container without such a namespace.
func (*UserNamespace) Check(s *Subject) []Finding {
	switch {
	case s.userNamespace():
		return nil
	case !s.hasNamespace(specs.UserNamespace):
		return []Finding{{Found: "no user namespace", Allowed: "a pod with hostUsers: false", Fix: "set spec.hostUsers: false"}}
	case s.joinsUsers():
		return []Finding{{Found: "the user namespace is not the pod's", Allowed: "a pod with hostUsers: false"}}
	default:
		return []Finding{{Found: "the user namespace maps the host's root, or nothing", Allowed: "mappings without the host's id 0"}}
	}
}
