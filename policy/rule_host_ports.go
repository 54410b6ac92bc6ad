package policy

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/specguard/specguard/internal/strict"
)

// HostPorts limits which ports of the host are forwarded to a pod. A pod in the host's network
// namespace can open any port by itself; rule hostNamespaces judges that.
//
// Reads: the port mappings with which the pod's sandbox was created
// (PodSandboxConfig.port_mappings in CRI), from containerd's store, CRI-O's sandbox or the cache
// of CNI. If none of these shows them, the pod is denied. specguard check and test read them from
// a pod's manifest. For an OCI spec alone, they cannot see host ports and report none.
// Adjusts: nothing. The ports are already open.
// Source: Pod Security Standards, Baseline, "Host Ports".
// Example: {allowed: [{min: 30000, max: 32767, protocol: TCP}]}
type HostPorts struct {
	Base      `yaml:",inline"`
	checkOnly `yaml:"-"`

	// Allowed lists ranges of ports that may be used.
	// Default: none.
	Allowed []PortRange `yaml:"allowed"`
}

// PortRange is a range of ports, including both ends.
type PortRange struct {
	// Min is the lowest port of the range. It is required.
	Min Port `yaml:"min"`

	// Max is the highest port of the range. It is required.
	Max Port `yaml:"max"`

	// Protocol is the protocol that may be used.
	// Default: any.
	Protocol Protocol `yaml:"protocol"`
}

// Protocol is TCP, UDP or SCTP.
type Protocol string

func protocols() []Protocol { return []Protocol{"TCP", "UDP", "SCTP"} }

// UnmarshalText reads a protocol; an unknown one is an error that names the
// known ones.
func (p *Protocol) UnmarshalText(text []byte) error { return oneOf(p, text, protocols()...) }

// JSONSchema lists the protocols.
func (Protocol) JSONSchema() map[string]any { return strict.Enum(protocols()...) }

// JSONSchema says what Validate requires of each.
func (PortRange) JSONSchema() map[string]any { return strict.Required("min", "max") }

// Validate requires two ends, in order.
func (r *PortRange) Validate() error {
	switch {
	case r.Min == 0 || r.Max == 0:
		return fmt.Errorf("needs min and max")
	case r.Max < r.Min:
		return strict.Field("max", "%d is below min, %d", r.Max, r.Min)
	}
	return nil
}

func (r PortRange) String() string {
	ports := fmt.Sprint(r.Min)
	if r.Min != r.Max {
		ports += fmt.Sprint("-", r.Max)
	}
	return strings.TrimSpace(ports + " " + string(r.Protocol))
}

// covers reports whether the port lies in the range.
func (r PortRange) covers(p HostPort) bool {
	return int32(r.Min) <= p.Port && p.Port <= int32(r.Max) && (r.Protocol == "" || string(r.Protocol) == p.Protocol)
}

// Port is the number of a port, from 1 to 65535.
type Port int32

// UnmarshalText reads a port; anything but its number is an error.
func (p *Port) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 10, 16)
	if err != nil || n == 0 {
		return fmt.Errorf("%q is not a port (allowed: a whole number from 1 to 65535)", text)
	}
	*p = Port(n)
	return nil
}

// JSONSchema requires the number of a port.
func (Port) JSONSchema() map[string]any {
	s := strict.Pattern(`^0*[1-9][0-9]{0,4}$`)
	s["type"], s["minimum"], s["maximum"] = []any{"integer", "string"}, 1, 65535
	return strict.Named("port", s)
}

// Warnings tells of ranges that cover every port.
func (h *HostPorts) Warnings() []error {
	for _, protocol := range protocols() {
		for port := int32(1); port <= math.MaxUint16; port++ {
			if !h.allows(HostPort{Port: port, Protocol: string(protocol)}) {
				return nil
			}
		}
	}
	return []error{strict.Field("allowed", "covers every port: %s", checksNothing)}
}

// Check finds ports that are not allowed.
func (h *HostPorts) Check(s *Subject) []Finding {
	if s.Pod.Sandbox == nil {
		return nil
	}
	if s.Pod.Sandbox.HostPortsUnseen {
		return []Finding{{Found: "the pod's host ports are not known on this node", Allowed: h.list()}}
	}
	var found []string
	for _, p := range s.Pod.Sandbox.HostPorts {
		if p.Port != 0 && !h.allows(p) {
			found = append(found, strings.TrimSpace(fmt.Sprint(p.Port, " ", p.Protocol)))
		}
	}
	if len(found) == 0 {
		return nil
	}
	return []Finding{listing("host ports ", found, " not allowed").with(h.list(), "remove these from ports[].hostPort")}
}

func (h *HostPorts) allows(p HostPort) bool {
	return slices.ContainsFunc(h.Allowed, func(r PortRange) bool { return r.covers(p) })
}

func (h *HostPorts) list() string {
	var ranges []string
	for _, r := range h.Allowed {
		ranges = append(ranges, r.String())
	}
	if len(ranges) == 0 {
		return "none"
	}
	return few(ranges)
}
