package policy

import (
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/policy/strict"
)

// MountOption is an option that takes something away: nosuid, nodev, noexec, ro,
// or one of their recursive forms rnosuid, rnodev, rnoexec, rro.
type MountOption string

// UnmarshalText reads an option; an unknown one is an error that names the
// known ones.
func (o *MountOption) UnmarshalText(text []byte) error {
	return oneOf(o, text, mountOptions()...)
}

// JSONSchema lists the options.
func (MountOption) JSONSchema() map[string]any { return strict.Enum(mountOptions()...) }

func mountOptions() []MountOption {
	return []MountOption{"nosuid", "nodev", "noexec", "ro", "rnosuid", "rnodev", "rnoexec", "rro"}
}

// recursive tells whether the option is for what is mounted below too.
func (o MountOption) recursive() bool { return o != "ro" && strings.HasPrefix(string(o), "r") }

// plain is the option that is for the mount alone.
func (o MountOption) plain() string {
	if o.recursive() {
		return string(o[1:])
	}
	return string(o)
}

// opposite is the option that undoes the plain one.
func (o MountOption) opposite() string {
	if o.plain() == "ro" {
		return "rw"
	}
	return strings.TrimPrefix(o.plain(), "no")
}

// in tells whether the option is in effect for the mount. Of an option and its
// opposite the last counts, and so of their recursive forms, which runtimes
// apply on top, with mount_setattr(2): runc to bind mounts only.
func (o MountOption) in(m *specs.Mount) bool {
	plain := lastOf(m.Options, o.plain(), o.opposite())
	recursive := lastOf(m.Options, "r"+o.plain(), "r"+o.opposite())
	switch {
	case !isBind(m):
		return plain == o.plain() && recursive != "r"+o.opposite()
	case o.recursive():
		return recursive == string(o)
	default:
		return recursive == "r"+o.plain() || plain == o.plain() && recursive == ""
	}
}

// lastOf gives the last of the options that is one of two; "" for none.
func lastOf(options []string, a, b string) string {
	for _, o := range slices.Backward(options) {
		if o == a || o == b {
			return o
		}
	}
	return ""
}

// put puts the option into effect for the mount. What is no bind mount has
// nothing mounted below it: the plain form does.
func (o MountOption) put(m *specs.Mount) {
	add := string(o)
	if !isBind(m) {
		add = o.plain()
	}
	undo := []string{add, o.opposite(), "r" + o.opposite()}
	m.Options = slices.DeleteFunc(slices.Clone(m.Options), func(have string) bool { return slices.Contains(undo, have) })
	m.Options = append(m.Options, add)
}
