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

// writableVolumeRemoved: the container writes into its own layer what it meant for a volume.
func writableVolumeRemoved(a *adjustment) []found {
	var out []found
	for i := range a.before.Mounts {
		m := &a.before.Mounts[i]
		if writable(m) && !ofRuntime(m.Destination) && !mounted(a.after, m.Destination) {
			out = append(out, found{"mounts." + m.Destination, "removes the writable volume at " + m.Destination +
				": what is written there goes into the container's own layer, and is gone with the container"})
		}
	}
	return out
}
