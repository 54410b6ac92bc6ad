package policy

import (
	"errors"
	"maps"
	"slices"

	"github.com/specguard/specguard/internal/globs"
	"github.com/specguard/specguard/internal/strict"
)

// NetDevices limits the host's network devices that are moved into the container's network
// namespace. The host loses a device that is moved. Pods have no field for this; other NRI
// plugins do it.
//
// Reads: linux.netDevices (OCI runtime spec, config-linux.md, "Network Devices").
// Adjusts: removes the devices.
// Source: OCI runtime spec, config-linux.md, "Network Devices".
// Example: {allowed: ["enp*s0v*"]}
type NetDevices struct {
	Base `yaml:",inline"`

	// Allowed lists patterns for the host's names of devices that may be moved.
	// Default: none.
	Allowed []Glob `yaml:"allowed"`
}

// netDeviceNames are the names that the kernel takes for devices.
//
// Source: Linux, net/core/dev.c (dev_valid_name).
func netDeviceNames() named {
	return named{"network device", "names of devices have at most 15 characters, and no slash, colon or space", globs.Words(": \t", 15)}
}

// Validate rejects a rule that checks nothing, and patterns that can never match.
func (n *NetDevices) Validate() error {
	if errs := netDeviceNames().never("allowed", n.Allowed); len(errs) > 0 {
		return errors.Join(errs...)
	}
	if len(n.Allowed) > 0 && n.Action() != Ignore && every(netDeviceNames().form, n.Allowed, "") {
		return strict.Field("allowed", "covers every device: %s", checksNothing)
	}
	return nil
}

// Check finds devices that are not allowed.
func (n *NetDevices) Check(s *Subject) []Finding {
	names := n.refused(s)
	if len(names) == 0 {
		return nil
	}
	return []Finding{listing("network devices ", names, " not allowed").with(listOrNone(n.Allowed), "")}
}

// Adjust removes them.
func (n *NetDevices) Adjust(s *Subject) []string {
	var done []string
	for _, name := range n.refused(s) {
		delete(s.Spec.Linux.NetDevices, name)
		done = append(done, "removed network device "+name)
	}
	return done
}

func (n *NetDevices) refused(s *Subject) []string {
	if s.Spec.Linux == nil || len(s.Spec.Linux.NetDevices) == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s.Spec.Linux.NetDevices)), func(name string) bool { return matchAny(n.Allowed, name) })
}
