package policy

import (
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/strict"
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

// Recursive reports whether the option also applies to what is mounted below.
func (o MountOption) Recursive() bool { return o != "ro" && strings.HasPrefix(string(o), "r") }

// Plain is the option that applies to the mount alone.
func (o MountOption) Plain() string {
	if o.Recursive() {
		return string(o[1:])
	}
	return string(o)
}

// opposite is the option that undoes the plain one.
func (o MountOption) opposite() string {
	if o.Plain() == "ro" {
		return "rw"
	}
	return strings.TrimPrefix(o.Plain(), "no")
}

// in reports whether the option is in effect for the mount, whichever runtime
// mounts it. Of an option and its opposite the last counts, and so of their
// recursive forms, which runc applies on top, to bind mounts only, and gVisor
// ignores. So one of these takes an option away wherever it stands, but gives
// none for itself: the option must be there in both forms. What is no bind
// mount has nothing mounted below it, and the plain form does.
func (o MountOption) in(m *specs.Mount) bool {
	plain := lastOf(m.Options, o.Plain(), o.opposite())
	recursive := lastOf(m.Options, "r"+o.Plain(), "r"+o.opposite())
	itself := plain == o.Plain() || plain == "" && saysAll("r"+o.Plain(), m)
	switch {
	case recursive == "r"+o.opposite():
		return false
	case o.Recursive() && isBind(m):
		return itself && recursive == string(o)
	default:
		return itself
	}
}

// saysAll reports whether the recursive option says all that is needed: the
// runtimes' CRI services write rro alone for a volumeMount with
// recursiveReadOnly, and refuse that where the OCI runtime does not say that it
// knows it.
//
// Source: containerd 2.4, internal/cri/opts/spec_linux_opts.go; CRI-O 1.34,
// server/container_create_linux.go.
func saysAll(recursive string, m *specs.Mount) bool {
	return recursive == "rro" && isBind(m) && lastOf(m.Options, "rro", "rrw") == "rro"
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

// put puts the option into effect for the mount, whichever runtime mounts it: a
// recursive one in both forms, but only the plain one for what is no bind mount.
func (o MountOption) put(m *specs.Mount) {
	add := []string{o.Plain()}
	if o.Recursive() && isBind(m) {
		add = append(add, string(o))
	}
	undo := append([]string{o.opposite(), "r" + o.opposite()}, add...)
	m.Options = slices.DeleteFunc(slices.Clone(m.Options), func(have string) bool { return slices.Contains(undo, have) })
	m.Options = append(m.Options, add...)
}
