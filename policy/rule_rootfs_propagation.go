package policy

import "github.com/opencontainers/runtime-spec/specs-go"

// RootfsPropagation forbids a root filesystem from which mounts spread to the host. Container
// runtimes make it shared only if the container has a mount (of a host path or a volume) with the
// propagation Bidirectional; otherwise they make it private or slave. With such a mount, a shared
// root filesystem complies; rule hostPaths judges the mount.
//
// Reads: linux.rootfsPropagation and mounts[].options (OCI runtime spec, config-linux.md,
// "Rootfs Mount Propagation").
// Adjusts: sets rslave in place of shared and rshared.
// Source: mount_namespaces(7); containerd, internal/cri/opts (WithMounts).
// Example: {onViolation: adjust}
type RootfsPropagation struct {
	Base `yaml:",inline"`
}

// Check finds a root filesystem that is shared for no mount, or a word that is
// none.
func (*RootfsPropagation) Check(s *Subject) []Finding {
	word := rootfsPropagation(s.Spec)
	switch word {
	case "", "private", "rprivate", "slave", "rslave", "unbindable", "runbindable":
		return nil
	case "shared", "rshared":
		if needsSharedRoot(s.Spec) {
			return nil
		}
		return []Finding{{Found: "root filesystem with propagation " + word + " not allowed", Allowed: "private, slave"}}
	default:
		return []Finding{{Found: "root filesystem with unknown propagation " + word, Allowed: "private, slave"}}
	}
}

// Adjust lets mounts come from the host only.
func (*RootfsPropagation) Adjust(s *Subject) []string {
	word := rootfsPropagation(s.Spec)
	if word != "shared" && word != "rshared" {
		return nil
	}
	s.Spec.Linux.RootfsPropagation = "rslave"
	return []string{"set propagation rslave of the root filesystem"}
}

func rootfsPropagation(spec *specs.Spec) string {
	if spec.Linux == nil {
		return ""
	}
	return spec.Linux.RootfsPropagation
}
