package policy

import (
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/strict"
)

// Removal says which mounts a rule removes if it adjusts: readOnly, only those that the container
// cannot write to; writable, also those that it can write to; none. A container whose writable
// mount is gone writes its data to its own layer, where the data is lost with the container, or
// fails.
type Removal string

// The removals.
const (
	removeReadOnly Removal = "readOnly"
	removeWritable Removal = "writable"
	removeNone     Removal = "none"
)

// UnmarshalText reads a removal; an unknown one is an error that names the known ones.
func (r *Removal) UnmarshalText(text []byte) error {
	return oneOf(r, text, removeReadOnly, removeWritable, removeNone)
}

// JSONSchema lists the removals.
func (Removal) JSONSchema() map[string]any {
	return strict.Named("removal", strict.Enum(removeReadOnly, removeWritable, removeNone))
}

// validate refuses a removal where nothing is removed.
func (r Removal) validate(action Action) error {
	if r != "" && action != Adjust {
		return strict.Field("remove", "needs onViolation: adjust")
	}
	return nil
}

// takes reports whether the mount, which is not allowed, may be removed.
func (r Removal) takes(s *Subject, m *specs.Mount) bool {
	switch r {
	case removeWritable:
		return true
	case removeNone:
		return false
	default:
		return !s.writesTo(m)
	}
}

// note says in a message why a rule with that action has not removed the mount; "" where that is not
// because of its data.
func (r Removal) note(action Action, s *Subject, m *specs.Mount) string {
	if action != Adjust || r == removeWritable || r == removeNone || r.takes(s, m) {
		return ""
	}
	return "writable, so not removed"
}

// writesTo reports whether the container can write to the mount as it was asked for: another rule may
// have made it read-only since. The kubelet mounts some types read-only whatever a pod says, and keeps
// nothing that is written there; image volumes are read-only by themselves.
func (s *Subject) writesTo(m *specs.Mount) bool {
	switch s.origin(m).volume {
	case "configMap", "downwardAPI", "projected", "secret", imageVolume:
		return false
	}
	return !isReadOnly(m) || slices.ContainsFunc(s.came.Mounts, func(o specs.Mount) bool {
		return o.Destination == m.Destination && o.Source == m.Source && o.Type == m.Type && isBind(&o) == isBind(m) && !isReadOnly(&o)
	})
}
