package policy

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/policy/strict"
)

// Devices bounds the devices that a container gets: the device nodes that are
// made for it, and the rules of its cgroup that let it use devices. Device
// plugins, CDI and NRI plugins bring both. Of a rule that is allowed in part
// the rest counts.
//
// Always allowed are the nodes /dev/null, zero, full, random, urandom, tty and
// ptmx with their own numbers, the use of these, of the console and of
// pseudoterminals, and to make nodes of any device (m), which needs the
// capability MKNOD and does not open them. OCI runtimes give all that to every
// container themselves; runc and crun let it use /dev/net/tun (c 10:200) as
// well, whatever its spec says.
//
// In a user namespace a runtime mounts the host's file at the path of a node
// and does not look at its numbers. A device of the host that is mounted as a
// volume is for hostPaths to judge.
//
// Reads: linux.devices and linux.resources.devices (OCI runtime spec,
// config-linux.md, "Devices" and "Allowed Device list"). A rule that forbids
// some devices is not relied on: runtimes differ in what it does to a wider or
// a narrower one.
// Adjusts: removes nodes, and rules, or the access in them, that are not
// allowed. Where every device may be used no rule but one that denies all is
// left.
// Source: OCI runtime spec, config-linux.md, "Default Devices"; Linux,
// Documentation/admin-guide/cgroup-v1/devices.rst; mknod(2).
// Example: {onViolation: adjust, allowed: [{path: /dev/fuse, major: 10, minor: 229}, {path: "/dev/nvidia*", access: rw}]}
type Devices struct {
	Base `yaml:",inline"`

	// Allowed lists devices that a container may have besides those that each
	// has.
	// Default: none.
	Allowed []AllowedDevice `yaml:"allowed"`
}

// AllowedDevice is a device that a container may have, or several.
type AllowedDevice struct {
	// Path is a pattern of the device's path in the container. It is required.
	Path Glob `yaml:"path"`

	// Type is the type of the device: c (or u, which is the same) for a
	// character device, b for a block device and p for a FIFO.
	// Default: c.
	Type DeviceType `yaml:"type"`

	// Major is the device's major number. Without it the path alone tells the
	// device, and whoever names the node chooses it: rules are allowed only for
	// devices that have such a node.
	// Default: any.
	Major *uint32 `yaml:"major"`

	// Minor is the device's minor number. It needs Major.
	// Default: any.
	Minor *uint32 `yaml:"minor"`

	// Access is what the container may do with it: any of r (read), w (write)
	// and m (make nodes).
	// Default: rwm.
	Access DeviceAccess `yaml:"access"`
}

// JSONSchema says what Validate wants of each.
func (AllowedDevice) JSONSchema() map[string]any {
	s := strict.Required("path")
	s["properties"] = map[string]any{"path": map[string]any{"pattern": "^/"}}
	return s
}

// Validate wants a path, and numbers that can be.
func (a *AllowedDevice) Validate() error {
	p := string(a.Path)
	switch {
	case p == "":
		return strict.Field("path", "is missing")
	case !path.IsAbs(p) || path.Clean(p) != p:
		return strict.Field("path", "%q is no absolute path (allowed: such as /dev/fuse, /dev/nvidia*)", p)
	case a.Type == fifo && (a.Major != nil || a.Minor != nil || a.Access != ""):
		return strict.Field("type", "p has no numbers and no access")
	case a.Minor != nil && a.Major == nil:
		return strict.Field("minor", "needs major")
	}
	return nil
}

func (a *AllowedDevice) String() string {
	if a.Type == fifo {
		return fmt.Sprintf("%s (p)", a.Path)
	}
	return fmt.Sprintf("%s (%s %s)", a.Path, a.id(), a.access())
}

// id is what the entry says of the device's type and numbers.
func (a *AllowedDevice) id() deviceID {
	id := deviceID{kind: a.Type.kind(), major: anyNumber, minor: anyNumber}
	if a.Major != nil {
		id.major = int64(*a.Major)
	}
	if a.Minor != nil {
		id.minor = int64(*a.Minor)
	}
	return id
}

func (a *AllowedDevice) access() DeviceAccess {
	if a.Access == "" {
		return allAccess
	}
	return a.Access
}

// has tells whether the node is what the entry allows.
func (a *AllowedDevice) has(n *specs.LinuxDevice) bool {
	return !climbs(n.Path) && a.Path.Match(path.Clean(n.Path)) && a.id().covers(nodeID(n))
}

// Check finds nodes and rules that are not allowed.
func (d *Devices) Check(s *Subject) []Finding {
	var nodes, rules []string
	if l := s.Spec.Linux; l != nil {
		for i := range l.Devices {
			if n := &l.Devices[i]; !d.allowsNode(n) {
				nodes = append(nodes, nodeName(n))
			}
		}
	}
	var out []Finding
	if len(nodes) > 0 {
		out = append(out, Finding{Found: "devices " + few(nodes) + " not allowed", Allowed: d.list()})
	}
	inForce, closed := rulesInForce(deviceRules(s.Spec))
	if !closed {
		return append(out, Finding{Found: "every device may be used", Allowed: d.list()})
	}
	for i := range inForce {
		if r := &inForce[i]; r.Allow && d.excess(s.Spec.Linux.Devices, r) != "" {
			rules = append(rules, ruleText(r))
		}
	}
	if len(rules) > 0 {
		out = append(out, Finding{Found: "use of devices " + few(rules) + " not allowed", Allowed: d.list()})
	}
	return out
}

// Adjust removes nodes and narrows rules or removes them.
func (d *Devices) Adjust(s *Subject) []string {
	l := s.linux()
	var nodes, rules, changes []string
	l.Devices = slices.DeleteFunc(l.Devices, func(n specs.LinuxDevice) bool {
		if d.allowsNode(&n) {
			return false
		}
		nodes = append(nodes, nodeName(&n))
		return true
	})
	if len(nodes) > 0 {
		changes = append(changes, "removed devices "+few(nodes))
	}
	inForce, closed := rulesInForce(deviceRules(s.Spec))
	if !closed {
		if l.Resources == nil {
			l.Resources = &specs.LinuxResources{}
		}
		l.Resources.Devices = []specs.LinuxDeviceCgroup{{Allow: false, Access: string(allAccess)}}
		return append(changes, "took the use of all devices away")
	}
	kept := slices.Clone(l.Resources.Devices[:len(l.Resources.Devices)-len(inForce)])
	for _, r := range inForce {
		excess := ""
		if r.Allow {
			excess = d.excess(l.Devices, &r)
		}
		if excess != "" {
			rules = append(rules, ruleText(&r))
			r.Access = without(r.Access, excess)
		}
		if excess == "" || strings.ContainsAny(r.Access, "rw") { // each container has m
			kept = append(kept, r)
		}
	}
	if len(rules) > 0 {
		l.Resources.Devices = kept
		changes = append(changes, "took away what is not allowed of the use of devices "+few(rules))
	}
	return changes
}

// allowsNode tells whether the container may have the node.
func (d *Devices) allowsNode(n *specs.LinuxDevice) bool {
	return isDefaultNode(n) || slices.ContainsFunc(d.Allowed, func(a AllowedDevice) bool { return a.has(n) })
}

// excess gives the access in a rule that is not allowed; that is all of it
// where the rule is not for devices of one type.
func (d *Devices) excess(nodes []specs.LinuxDevice, r *specs.LinuxDeviceCgroup) string {
	access := r.Access
	if access == "" {
		access = string(allAccess)
	}
	if r.Type != "b" && r.Type != "c" {
		return access
	}
	id := ruleID(r)
	allowed := "m"
	if isDefaultUse(id) {
		allowed = string(allAccess)
	}
	for i := range d.Allowed {
		if a := &d.Allowed[i]; a.speaksFor(id, nodes) {
			allowed += string(a.access())
		}
	}
	return without(access, allowed)
}

// speaksFor tells whether the entry covers all devices of a rule: by number, or
// where it has none, because there is such a node.
func (a *AllowedDevice) speaksFor(id deviceID, nodes []specs.LinuxDevice) bool {
	if a.Major != nil {
		return a.id().covers(id)
	}
	return slices.ContainsFunc(nodes, func(n specs.LinuxDevice) bool { return a.has(&n) && nodeID(&n) == id })
}

func (d *Devices) list() string {
	names := []string{"those of every container"}
	for i := range d.Allowed {
		names = append(names, d.Allowed[i].String())
	}
	return few(names)
}
