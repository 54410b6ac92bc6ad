package policy

import (
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/strict"
)

// Propagation says whether mounts made later are seen on the other side, in
// the words of Kubernetes' mountPropagation.
type Propagation string

// The propagations, in order of strength.
const (
	PropagationNone            Propagation = "None"            // private
	PropagationHostToContainer Propagation = "HostToContainer" // slave
	PropagationBidirectional   Propagation = "Bidirectional"   // shared
)

// UnmarshalText reads a propagation; an unknown one is an error that names the
// known ones.
func (p *Propagation) UnmarshalText(text []byte) error {
	return oneOf(p, text, PropagationNone, PropagationHostToContainer, PropagationBidirectional)
}

// JSONSchema lists the propagations.
func (Propagation) JSONSchema() map[string]any {
	return strict.Enum(PropagationNone, PropagationHostToContainer, PropagationBidirectional)
}

func (p Propagation) strength() int {
	return slices.Index([]Propagation{PropagationHostToContainer, PropagationBidirectional}, p) + 1
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

// sharedVolumes are the mounts of volumes, by index, and those of other files that are
// no path of the host, through which the host sees what the container mounts, and that
// no allowed path covers with that propagation.
func (h *HostPaths) sharedVolumes(s *Subject) []int {
	var out []int
	for i := range s.Spec.Mounts {
		m := &s.Spec.Mounts[i]
		if propagation(m.Options) != PropagationBidirectional {
			continue
		}
		o := s.origin(m)
		if o.host {
			continue // judged as a path of the host
		}
		hm := o.hostMount(i, m)
		if entry, _ := h.judge(s).covering(hm); isPseudo(m) || entry == nil || entry.Propagation != PropagationBidirectional {
			out = append(out, i)
		}
	}
	return out
}

// needsSharedRoot reports whether a runtime makes the root filesystem shared for the sake
// of a mount: of a path of the host, or of a volume.
func needsSharedRoot(spec *specs.Spec) bool {
	for i := range spec.Mounts {
		if m := &spec.Mounts[i]; !isPseudo(m) && !remounts(m) && propagation(m.Options) == PropagationBidirectional {
			return true
		}
	}
	return false
}

// unshareRoot makes a shared root filesystem a slave of the host's where no
// mount is shared, and reports whether it did.
func unshareRoot(spec *specs.Spec) bool {
	shared := spec.Linux != nil && propagation([]string{spec.Linux.RootfsPropagation}) == PropagationBidirectional
	if !shared || needsSharedRoot(spec) {
		return false
	}
	spec.Linux.RootfsPropagation = "rslave"
	return true
}
