package breakage

import (
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// noWritablePath: adjusting makes the root filesystem read-only, and there is no other place to
// write to.
func noWritablePath(a *adjustment) []found {
	if a.after.Root == nil || !a.after.Root.Readonly || a.before.Root != nil && a.before.Root.Readonly {
		return nil
	}
	if slices.ContainsFunc(a.after.Mounts, func(m specs.Mount) bool { return writable(&m) && !ofRuntime(m.Destination) }) {
		return nil
	}
	return []found{{"root.readonly", `makes the root filesystem read-only, and no volume is writable: what writes to a file fails with ` +
		`"read-only file system" (writablePaths of the rule gives it places)`}}
}

// ofRuntime reports whether a program writes nothing of its own there: devices, kernel
// filesystems, and files that the runtime and the kubelet give to every container.
func ofRuntime(destination string) bool {
	p := path.Clean(destination)
	for _, dir := range []string{"/dev", "/proc", "/sys", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/run/.containerenv"} {
		if p == dir || strings.HasPrefix(p, dir+"/") {
			return true
		}
	}
	return false
}

// writable reports whether the mount can be written to, as far as its options say.
func writable(m *specs.Mount) bool {
	access := true
	for _, o := range m.Options {
		switch o {
		case "ro", "rro":
			access = false
		case "rw":
			access = true
		}
	}
	return access
}

// writableVolumeRemoved: the container writes elsewhere what it meant for a volume.
func writableVolumeRemoved(a *adjustment) []found {
	var out []found
	for i := range a.before.Mounts {
		m := &a.before.Mounts[i]
		same := func(o specs.Mount) bool {
			return o.Destination == m.Destination && o.Source == m.Source && o.Type == m.Type
		}
		if writable(m) && !ofRuntime(m.Destination) && !slices.ContainsFunc(a.after.Mounts, same) {
			out = append(out, found{"mounts." + m.Destination, "removes the writable volume at " + m.Destination + ": " +
				inItsPlace(a.after, path.Clean(m.Destination))})
		}
	}
	return out
}

// inItsPlace says what becomes of what is written to a path at which no volume is any more.
func inItsPlace(after *specs.Spec, destination string) string {
	var holder *specs.Mount
	for i := range after.Mounts {
		m := &after.Mounts[i]
		dir := path.Clean(m.Destination)
		in := dir != "/" && (dir == destination || strings.HasPrefix(destination, dir+"/"))
		if in && (holder == nil || len(dir) >= len(path.Clean(holder.Destination))) {
			holder = m
		}
	}
	switch {
	case holder != nil && holder.Type == "tmpfs":
		return "what is written there goes into an empty tmpfs at " + holder.Destination + ", counts as memory, and is gone with the container"
	case holder != nil:
		return "what is written there goes into the mount at " + holder.Destination
	case after.Root != nil && after.Root.Readonly:
		return `what writes there fails with "read-only file system"`
	default:
		return "what is written there goes into the container's own layer, and is gone with the container"
	}
}
