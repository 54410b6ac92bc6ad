package policy

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/strict"
)

// Devices limits the devices that a container gets: the device nodes that are made for it, and
// the rules of its cgroup that let it use devices. Device plugins, CDI and NRI plugins add both.
// If only a part of a cgroup rule's access is allowed (r but not w, for example), only the rest
// breaks this rule.
//
// These are always allowed, because OCI runtimes give them to every container: the nodes
// /dev/null, /dev/zero, /dev/full, /dev/random, /dev/urandom, /dev/tty and /dev/ptmx with their
// usual numbers; access to these devices, the console and pseudoterminals; and access m (to
// create nodes) for all devices, which needs the capability MKNOD and does not allow opening
// them. runc and crun also let every container use /dev/net/tun (c 10:200), whatever its spec
// says.
//
// In a user namespace, a runtime does not create device nodes: it mounts the host's file at the
// same path, whatever numbers the spec has. Rule hostPaths judges a device of the host that is
// mounted as a volume.
//
// A spec does not say from where on the host a device comes. The rule takes a block device for a
// volume of the pod if the kubelet's folder for the pod (pods/UID/volumeDevices) has a device
// with these numbers.
//
// Reads: linux.devices, linux.resources.devices and linux.namespaces (OCI runtime spec,
// config-linux.md, "Devices" and "Allowed Device list"). The rule ignores cgroup rules that deny
// single devices, because runtimes differ in how such a rule affects a wider or narrower one that
// allows.
// Adjusts: removes nodes that are not allowed, and removes cgroup rules or reduces their access.
// If a cgroup rule gives access to every device, only a rule that denies all is left.
// Source: OCI runtime spec, config-linux.md, "Default Devices"; Linux,
// Documentation/admin-guide/devices.txt and cgroup-v1/devices.rst; mknod(2); Kubernetes 1.36,
// pkg/kubelet/kubelet_pods.go (makeBlockVolumes).
// Example: {onViolation: adjust, allowed: [{path: /dev/fuse, major: 10, minor: 229}, {path: "/dev/nvidia*", access: rw}]}
type Devices struct {
	Base `yaml:",inline"`

	// Allowed lists devices that a container may have besides those that each container has.
	// Default: none.
	Allowed []AllowedDevice `yaml:"allowed"`

	// AllowVolumeDevices allows the block devices that a pod requests with volumeDevices: those
	// with the numbers of the devices in the kubelet's folder for the pod. In a user namespace, or
	// if the agent cannot see the host's files, it allows nothing.
	// Default: false.
	AllowVolumeDevices bool `yaml:"allowVolumeDevices"`
}

// AllowedDevice describes one or several devices that a container may have.
type AllowedDevice struct {
	// Path is a pattern of the device's path in the container. It is required.
	Path Glob `yaml:"path"`

	// Type is the type of the device: c (or u, which is the same) for a character device, b for
	// a block device and p for a FIFO.
	// Default: c.
	Type DeviceType `yaml:"type"`

	// Major is the device's major number. Without it and Driver, any device at this path is
	// allowed, and whoever creates the container chooses the path. Then cgroup rules are allowed
	// only for devices that also have a node in the spec.
	// Default: any.
	Major *uint32 `yaml:"major"`

	// Minor is the device's minor number. It needs Major.
	// Default: any.
	Minor *uint32 `yaml:"minor"`

	// Driver is the name of the device's driver, as in the kernel's /proc/devices and, for major
	// number 10, /proc/misc. Use it for devices whose numbers the kernel assigns, such as
	// nvidia-uvm. If several drivers share a number, or the agent cannot read the node's list, the
	// entry allows nothing.
	// Default: any.
	Driver string `yaml:"driver"`

	// Access is what the container may do with it: any of r (read), w (write) and m (make
	// nodes).
	// Default: rwm.
	Access DeviceAccess `yaml:"access"`
}

// JSONSchema says what Validate requires of each.
func (AllowedDevice) JSONSchema() map[string]any {
	s := strict.Required("path")
	s["properties"] = map[string]any{"path": map[string]any{"pattern": "^/"}}
	return s
}

// Validate requires a path, and possible numbers.
func (a *AllowedDevice) Validate() error {
	p := string(a.Path)
	switch {
	case p == "":
		return strict.Field("path", "is missing")
	case !path.IsAbs(p) || path.Clean(p) != p:
		return strict.Field("path", "%q is not an absolute path (allowed: a path such as /dev/fuse, /dev/nvidia*)", p)
	case climbsInParts(a.Path):
		return strict.Field("path", "%q matches no path in its shortest form (allowed: a path such as /dev/fuse, /dev/nvidia*)", p)
	case a.Type == fifo && (a.Major != nil || a.Minor != nil || a.Access != "" || a.Driver != ""):
		return strict.Field("type", "p has no numbers, no driver and no access")
	case a.Minor != nil && a.Major == nil:
		return strict.Field("minor", "needs major")
	}
	return nil
}

func (a *AllowedDevice) String() string {
	switch {
	case a.Type == fifo:
		return fmt.Sprintf("%s (p)", a.Path)
	case a.Driver != "":
		return fmt.Sprintf("%s (%s of driver %s %s)", a.Path, a.id(), a.Driver, a.access())
	default:
		return fmt.Sprintf("%s (%s %s)", a.Path, a.id(), a.access())
	}
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

// has reports whether the node is what the entry allows.
func (a *AllowedDevice) has(s *Subject, n *specs.LinuxDevice) bool {
	return !climbs(n.Path) && a.Path.Match(path.Clean(n.Path)) && a.id().covers(nodeID(n)) && a.drives(s, nodeID(n))
}

// drives reports whether all those devices have the entry's driver, if it names one.
func (a *AllowedDevice) drives(s *Subject, id deviceID) bool {
	return a.Driver == "" || a.Driver == s.Host.DeviceDriver(id.kind == "b", id.major, id.minor)
}

// Warnings tells of entries that only a path describes, and that covers every device.
func (d *Devices) Warnings() []error {
	var out []error
	for i, a := range d.Allowed {
		if doubt := doubtFolders(string(a.Path)); doubt != nil {
			out = append(out, strict.Entry("allowed", i, "%s", doubt))
		}
		if a.Major == nil && a.Driver == "" && a.Type != fifo && (onlyStars(a.Path, "") || onlyStars(a.Path, "/dev")) {
			out = append(out, strict.Entry("allowed", i, "%s allows every device of its type: who makes a device node chooses its path (give "+
				"major or driver)", a.Path))
		}
	}
	return out
}

// Check finds nodes and rules that are not allowed.
func (d *Devices) Check(s *Subject) []Finding {
	var nodes, rules []string
	if l := s.Spec.Linux; l != nil {
		for i := range l.Devices {
			if n := &l.Devices[i]; !d.allowsNode(s, n) {
				nodes = append(nodes, nodeName(n))
			}
		}
	}
	var out []Finding
	if len(nodes) > 0 {
		out = append(out, listing("devices ", nodes, " not allowed").with(d.list(), ""))
	}
	inForce, closed := rulesInForce(deviceRules(s.Spec))
	if !closed {
		return append(out, Finding{Found: "every device may be used", Allowed: d.list(), Fix: fixPrivileged})
	}
	for i := range inForce {
		if r := &inForce[i]; r.Allow && d.excess(s, r) != "" {
			rules = append(rules, ruleText(r))
		}
	}
	if len(rules) > 0 {
		out = append(out, listing("use of devices ", rules, " not allowed").with(d.list(), ""))
	}
	return out
}

// Adjust removes nodes and narrows rules or removes them.
func (d *Devices) Adjust(s *Subject) []string {
	l := s.linux()
	var nodes, rules, changes []string
	l.Devices = slices.DeleteFunc(l.Devices, func(n specs.LinuxDevice) bool {
		if d.allowsNode(s, &n) {
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
		return append(changes, "removed the use of all devices")
	}
	kept := slices.Clone(l.Resources.Devices[:len(l.Resources.Devices)-len(inForce)])
	for _, r := range inForce {
		excess := ""
		if r.Allow {
			excess = d.excess(s, &r)
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

// allowsNode reports whether the container may have the node.
func (d *Devices) allowsNode(s *Subject, n *specs.LinuxDevice) bool {
	return isDefaultNode(n) || slices.ContainsFunc(d.Allowed, func(a AllowedDevice) bool { return a.has(s, n) }) ||
		!climbs(n.Path) && d.allowsVolume(s, nodeID(n))
}

// allowsVolume reports whether it is the block device of a volume that may be used.
// A user namespace does not tell: a runtime mounts the host's file at the path of
// the node there, whatever its numbers are.
func (d *Devices) allowsVolume(s *Subject, id deviceID) bool {
	return d.AllowVolumeDevices && id.kind == "b" && id.major >= 0 && id.minor >= 0 &&
		!s.hasNamespace(specs.UserNamespace) && s.Host.PodBlockDevice(s.Pod.UID, id.major, id.minor)
}

// excess gives the access in a rule that is not allowed; that is all of it
// where the rule is not for devices of one type.
func (d *Devices) excess(s *Subject, r *specs.LinuxDeviceCgroup) string {
	access := r.Access
	if access == "" {
		access = string(allAccess)
	}
	if r.Type != "b" && r.Type != "c" {
		return access
	}
	id := ruleID(r)
	allowed := "m"
	if isDefaultUse(id) || d.allowsVolume(s, id) {
		allowed = string(allAccess)
	}
	for i := range d.Allowed {
		if a := &d.Allowed[i]; a.speaksFor(s, id) {
			allowed += string(a.access())
		}
	}
	return without(access, allowed)
}

// speaksFor reports whether the entry covers all devices of a rule: by number, by
// driver, or where it has neither, because there is such a node.
func (a *AllowedDevice) speaksFor(s *Subject, id deviceID) bool {
	if a.Major != nil || a.Driver != "" {
		return a.id().covers(id) && a.drives(s, id)
	}
	return slices.ContainsFunc(s.Spec.Linux.Devices, func(n specs.LinuxDevice) bool { return a.has(s, &n) && nodeID(&n) == id })
}

func (d *Devices) list() string {
	names := []string{"those of every container"}
	if d.AllowVolumeDevices {
		names = append(names, "block devices of the pod's volumes")
	}
	for i := range d.Allowed {
		names = append(names, d.Allowed[i].String())
	}
	return few(names)
}
