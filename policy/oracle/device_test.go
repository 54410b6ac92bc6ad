package oracle

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// number is a device.
type number struct {
	typ          string // b, c
	major, minor int64
}

func (d number) String() string { return fmt.Sprintf("%s %d:%d", d.typ, d.major, d.minor) }

// probes are devices of many kinds: disks, memory, terminals, registers of the
// CPU, buses, and numbers of no known driver.
func probes() []number {
	return []number{
		{"b", 7, 0}, {"b", 8, 0}, {"b", 254, 0}, {"b", 259, 1}, {"b", 3, 1},
		{"c", 1, 1}, {"c", 1, 2}, {"c", 1, 4}, {"c", 1, 11}, {"c", 4, 64}, {"c", 5, 3}, {"c", 10, 1}, {"c", 10, 237}, {"c", 10, 235},
		{"c", 13, 64}, {"c", 21, 0}, {"c", 29, 0}, {"c", 89, 0}, {"c", 189, 1}, {"c", 202, 0}, {"c", 511, 7},
		{"c", 10, 229}, {"c", 10, 232}, {"c", 10, 238}, {"c", 195, 0}, {"c", 226, 128}, {"c", 261, 0},
	}
}

// usual reports whether the device is one that pods get in the usual way: FUSE,
// tunnels, KVM and vhost-net, and GPUs and accelerators. Each user may open them,
// or a device plugin hands them out.
func (d number) usual() bool {
	switch d.major {
	case 10:
		return slices.Contains([]int64{200, 229, 232, 238}, d.minor) && d.typ == "c"
	case 195, 226, 261:
		return d.typ == "c"
	default:
		return false
	}
}

// use is the ability to read or write the device.
func (d number) use(access string) string {
	if d.usual() {
		return usualUse + d.String() + " " + access
	}
	return d.String() + " " + access
}

const usualUse = "usual "

// devices reads which devices the container can use, and the nodes that are made
// for it.
func (s *state) devices(l *specs.Linux, r *specs.LinuxResources, mapped bool) {
	for _, d := range probes() {
		for _, access := range []string{"r", "w"} {
			if allows(r.Devices, d, access, true) || allows(r.Devices, d, access, false) {
				s.add(device, d.use(access))
			}
		}
	}
	for _, n := range l.Devices {
		at := path.Clean("/" + n.Path)
		want, plain := map[string]int64{
			"/dev/null": 3, "/dev/zero": 5, "/dev/full": 7, "/dev/random": 8, "/dev/urandom": 9, "/dev/tty": 0, "/dev/ptmx": 2,
		}[at]
		major := int64(1)
		if at == "/dev/tty" || at == "/dev/ptmx" {
			major = 5
		}
		is := (n.Type == "c" || n.Type == "u") && n.Major == major && n.Minor == want
		if plain && (is || mapped) { // in a user namespace the host's file is mounted in its place
			continue
		}
		s.add(deviceNode, fmt.Sprintf("%s %s", at, number{strings.Replace(n.Type, "u", "c", 1), n.Major, n.Minor}))
	}
}

// allows reports whether the cgroup's rules allow the use: the last that is for the
// device counts. One for all types, for runc, sets everything back, whatever else
// it says. Without a rule the kernel allows everything.
func allows(rules []specs.LinuxDeviceCgroup, d number, access string, reset bool) bool {
	is := func(n *int64, want int64) bool { return n == nil || *n < 0 || *n == want }
	may := true
	for _, r := range rules {
		all := r.Type == "" || r.Type == "a"
		typ := strings.Replace(r.Type, "u", "c", 1)
		if all && reset || (all || typ == d.typ) && is(r.Major, d.major) && is(r.Minor, d.minor) && strings.Contains(r.Access, access) {
			may = r.Allow
		}
	}
	return may
}

// usualNode reports whether the node is a usual device's, in its usual place.
func usualNode(what string) bool {
	for _, known := range []string{"/dev/fuse c 10:229", "/dev/net/tun c 10:200", "/dev/kvm c 10:232", "/dev/vhost-net c 10:238"} {
		if what == known {
			return true
		}
	}
	return strings.HasPrefix(what, "/dev/dri/") && strings.Contains(what, " c 226:") ||
		strings.HasPrefix(what, "/dev/nvidia") && strings.Contains(what, " c 195:") ||
		strings.HasPrefix(what, "/dev/accel/") && strings.Contains(what, " c 261:")
}
