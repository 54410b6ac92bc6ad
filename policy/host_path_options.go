package policy

import (
	"github.com/opencontainers/runtime-spec/specs-go"
)

// isReadOnly reports whether the mount itself is read-only.
func isReadOnly(m *specs.Mount) bool { return MountOption("ro").in(m) }

// makeReadOnly makes the mount read-only, and what is mounted below it where the
// node's kernel can do that.
func (s *Subject) makeReadOnly(m *specs.Mount) {
	if s.Host.RecursiveMountOptions() {
		MountOption("rro").put(m)
		return
	}
	MountOption("ro").put(m)
}
