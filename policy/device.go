package policy

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/strict"
)

// DeviceType is c, u, b or p, as in mknod(1).
type DeviceType string

// fifo is the type of a named pipe, which has no numbers.
const fifo DeviceType = "p"

func deviceTypes() []DeviceType { return []DeviceType{"c", "u", "b", fifo} }

// UnmarshalText reads a type; an unknown one is an error that names the known
// ones.
func (t *DeviceType) UnmarshalText(text []byte) error { return oneOf(t, text, deviceTypes()...) }

// JSONSchema requires one of the types.
func (DeviceType) JSONSchema() map[string]any { return strict.Enum(deviceTypes()...) }

// kind gives the one name of types that are the same.
func (t DeviceType) kind() string {
	if t == "" || t == "u" {
		return "c"
	}
	return string(t)
}

// DeviceAccess is any combination of r (read), w (write) and m (create device nodes), such as rw.
type DeviceAccess string

const allAccess DeviceAccess = "rwm"

// UnmarshalText reads an access; other letters, or one that stands twice, are
// an error.
func (a *DeviceAccess) UnmarshalText(text []byte) error {
	s := string(text)
	odd := func(r rune) bool {
		return !strings.ContainsRune(string(allAccess), r) || strings.Count(s, string(r)) > 1
	}
	if s == "" || strings.ContainsFunc(s, odd) {
		return fmt.Errorf("%q is not a device access (allowed: some of the letters rwm)", s)
	}
	*a = DeviceAccess(s)
	return nil
}

// JSONSchema requires letters.
func (DeviceAccess) JSONSchema() map[string]any {
	return strict.Named("access", strict.Pattern("^[rwm]{1,3}$"))
}

// without gives the letters of an access that are not taken.
func without(access, taken string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(taken, r) {
			return -1
		}
		return r
	}, access)
}

// anyNumber stands for each major or minor number.
const anyNumber = -1

// deviceID is what tells a device, or several.
type deviceID struct {
	kind         string // b, c or p
	major, minor int64
}

// covers reports whether all devices of the other are the id's too.
func (d deviceID) covers(o deviceID) bool {
	return d.kind == o.kind && (d.major == anyNumber || d.major == o.major) && (d.minor == anyNumber || d.minor == o.minor)
}

func (d deviceID) String() string {
	number := func(n int64) string {
		if n == anyNumber {
			return "*"
		}
		return fmt.Sprint(n)
	}
	return d.kind + " " + number(d.major) + ":" + number(d.minor)
}

// nodeID is a node's. A FIFO has no numbers, and a node with a negative one is
// no device that anything covers.
func nodeID(n *specs.LinuxDevice) deviceID {
	id := deviceID{kind: DeviceType(n.Type).kind(), major: n.Major, minor: n.Minor}
	switch {
	case n.Type == "":
		id.kind = ""
	case n.Type == string(fifo):
		id.major, id.minor = 0, 0
	case n.Major < 0 || n.Minor < 0:
		id.kind = ""
	}
	return id
}

func nodeName(n *specs.LinuxDevice) string {
	if n.Type == string(fifo) {
		return fmt.Sprintf("%s (%s)", n.Path, n.Type)
	}
	return fmt.Sprintf("%s (%s %d:%d)", n.Path, n.Type, n.Major, n.Minor)
}

// ruleID is that of a cgroup rule.
func ruleID(r *specs.LinuxDeviceCgroup) deviceID {
	number := func(n *int64) int64 {
		if n == nil || *n < 0 {
			return anyNumber
		}
		return *n
	}
	return deviceID{kind: r.Type, major: number(r.Major), minor: number(r.Minor)}
}

func ruleText(r *specs.LinuxDeviceCgroup) string { return ruleID(r).String() + " " + r.Access }

// rulesInForce gives the rules that come after the last one for all devices,
// and whether that denies them all. A rule for all types that allows something
// opens everything, whatever else it says: runtimes differ in whether they read
// on.
func rulesInForce(rules []specs.LinuxDeviceCgroup) (rest []specs.LinuxDeviceCgroup, closed bool) {
	for i := range slices.Backward(rules) {
		r := &rules[i]
		if r.Type != "" && r.Type != "a" {
			continue
		}
		id := ruleID(r)
		all := id.major == anyNumber && id.minor == anyNumber && strings.Contains(r.Access, "r") && strings.Contains(r.Access, "w")
		if r.Allow || all {
			return rules[i+1:], !r.Allow
		}
	}
	return rules, false
}

// isDefaultNode reports whether an OCI runtime supplies the node by itself.
//
// Source: OCI runtime spec, config-linux.md, "Default Devices". It has no node
// of the console: there a pseudoterminal is mounted.
func isDefaultNode(n *specs.LinuxDevice) bool {
	minor := map[string]int64{"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9, "tty": 0, "ptmx": 2}
	dir, name := path.Split(path.Clean(n.Path))
	want, ok := minor[name]
	id := deviceID{kind: "c", major: 1, minor: want}
	if name == "tty" || name == "ptmx" {
		id.major = 5
	}
	return ok && dir == "/dev/" && !climbs(n.Path) && nodeID(n) == id
}

// isDefaultUse reports whether OCI runtimes let every container use the devices.
//
// Source: containerd 2.4, pkg/oci WithDefaultUnixDevices; runc 1.5,
// libcontainer/specconv AllowedDevices; crun, src/libcrun/cgroup-resources.c.
func isDefaultUse(id deviceID) bool {
	return slices.ContainsFunc([]deviceID{
		{"c", 1, 3}, {"c", 1, 5}, {"c", 1, 7}, {"c", 1, 8}, {"c", 1, 9}, // null, zero, full, random, urandom
		{"c", 5, 0}, {"c", 5, 1}, {"c", 5, 2}, {"c", 136, anyNumber}, // tty, console, ptmx, pts
	}, func(d deviceID) bool { return d.covers(id) })
}
