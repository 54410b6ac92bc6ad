package policy

import (
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// isReadOnly tells whether the mount itself is read-only.
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

// propagation gives the strongest mount propagation among the options. Where
// there is none a runtime makes the mount private or a slave of the host's;
// the runtimes' CRI services always say which.
func propagation(options []string) Propagation {
	strongest := PropagationNone
	for _, o := range options {
		p := PropagationNone
		switch o {
		case "shared", "rshared":
			p = PropagationBidirectional
		case "slave", "rslave":
			p = PropagationHostToContainer
		}
		if p.strength() > strongest.strength() {
			strongest = p
		}
	}
	return strongest
}

// propagate gives the options with that propagation and no other.
func propagate(options []string, p Propagation) []string {
	all := []string{"private", "rprivate", "slave", "rslave", "shared", "rshared", "unbindable", "runbindable"}
	out := slices.DeleteFunc(slices.Clone(options), func(o string) bool { return slices.Contains(all, o) })
	if p == PropagationHostToContainer {
		return append(out, "rslave")
	}
	return append(out, "rprivate")
}
