package policy

import (
	"errors"
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

// keeps reports whether the mount, which is not allowed, stays, and why; "" if the policy wants it so.
func (r Removal) keeps(s *Subject, m *specs.Mount) (why string, stays bool) {
	switch r {
	case removeWritable:
		return "", false
	case removeNone:
		return "", true
	default:
		return "writable, so not removed", s.writesTo(m)
	}
}

// writesTo reports whether the container can write to the mount as it was asked for: another rule may
// have made it read-only since. The kubelet mounts some types read-only whatever a pod says, and keeps
// nothing that is written there; image volumes are read-only by themselves.
func (s *Subject) writesTo(m *specs.Mount) bool {
	switch s.origin(m).volume {
	case "configMap", "downwardAPI", "projected", "secret", imageVolume:
		return false
	}
	return s.opensFiles(m) || slices.ContainsFunc(s.came.Mounts, func(o specs.Mount) bool {
		return o.Destination == m.Destination && o.Source == m.Source && o.Type == m.Type && isBind(&o) == isBind(m) && s.opensFiles(&o)
	})
}

// removal is what a rule that removes mounts does with those that it does not allow, by index.
type removal struct {
	removed map[int]bool
	kept    map[int]string // why each of the others stays; "" if the policy wants it so
}

// removal finds out which of the mounts can be removed. keep says of one alone whether it stays, and why.
// One that lies in a mount which stays is kept too: it may hide something of that. shows says of a mount
// that stays whether it has files which are to remain hidden.
func (s *Subject) removal(mounts []int, keep func(i int) (why string, stays bool), shows func(i int) bool) removal {
	r := removal{removed: make(map[int]bool), kept: make(map[int]string)}
	for _, i := range mounts {
		if remounts(&s.Spec.Mounts[i]) { // which may protect what is there
			r.kept[i] = "a remount, so not removed"
		} else if why, stays := keep(i); stays {
			r.kept[i] = why
		} else {
			r.removed[i] = true
		}
	}
	stays := make(map[string]bool) // the mount points of those that stay
	for i := range s.Spec.Mounts {
		if !r.removed[i] && shows(i) {
			stays[mountPoint(&s.Spec.Mounts[i])] = true
		}
	}
	for i := range r.removed {
		if around := folderOf(stays, mountPoint(&s.Spec.Mounts[i])); around != "" {
			delete(r.removed, i)
			r.kept[i] = "inside the mount " + around + ", so not removed"
		}
	}
	return r
}

// note says in a message why an adjusting rule has not removed the mount.
func (r *removal) note(i int) string {
	if why := r.kept[i]; why != "" {
		return " (" + why + ")"
	}
	return ""
}

// folderOf is the outermost of the folders that the path is, or lies below; "" for none. All are clean. It is
// called for every mount of a pod, which can have thousands, so it looks the parents up. A path longer
// than any that can be mounted is taken to lie in /.
func folderOf(dirs map[string]bool, p string) string {
	const longest = 4096 // PATH_MAX
	if len(p) > longest || dirs["/"] {
		return "/"
	}
	for i, c := range p {
		if c == '/' && i > 0 && dirs[p[:i]] {
			return p[:i]
		}
	}
	if dirs[p] {
		return p
	}
	return ""
}

// opensFiles reports whether the mount, or what it shows of what is mounted below its source, can be
// written to. A read-only mount does not make that read-only, unless it is recursively so.
func (s *Subject) opensFiles(m *specs.Mount) bool {
	if !isReadOnly(m) {
		return true
	}
	if !slices.Contains(m.Options, "rbind") || MountOption("rro").in(m) {
		return false
	}
	shown, err := s.locate(s.origin(m).source)
	return err != nil && !errors.Is(err, ErrNotVisible) || len(shown) > 1
}
