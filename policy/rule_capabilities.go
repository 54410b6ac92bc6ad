package policy

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/sys/capability"
	"github.com/opencontainers/runtime-spec/specs-go"
	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/strict"
)

// Capabilities limits the Linux capabilities of the container's process. At least one of drop,
// allow and refuse is required.
//
// A container runtime gives each container some capabilities, and adds those that the pod asks
// for. With onViolation: adjust, drop: [ALL] and refuse: [ADDED], the rule takes away what the
// runtime gives, and denies a container whose pod asks for more, instead of running it without.
//
// If the spec has no process.capabilities, OCI runtimes give the process all of their own
// capabilities. That breaks the rule, whatever it allows. A name that the kernel does not know,
// such as 21 or CAP_SYS_ADMIN+ep, also breaks it: runc ignores such a name, but crun may read it
// as SYS_ADMIN.
//
// Reads: process.capabilities: bounding, effective, permitted, inheritable and ambient (OCI
// runtime spec, config.md, "Linux Process").
// Adjusts: removes what is not allowed from all five sets. If the spec has no sets, it writes
// empty ones, without the allowed capabilities.
// Source: capabilities(7); Pod Security Standards, Baseline and Restricted, "Capabilities".
// Example: {onViolation: adjust, drop: [ALL], allow: [NET_BIND_SERVICE]}
type Capabilities struct {
	Base `yaml:",inline"`

	// Drop lists capabilities that are not allowed, even if Allow names them. ALL means every
	// capability that is not in Allow. If a policy with a profile sets ALL and no Allow, no
	// capability is allowed: the profile's Allow has no effect.
	// Default: none.
	Drop []Capability `yaml:"drop"`

	// Allow lists the only capabilities that are allowed.
	// Default: all that are not dropped.
	Allow []Capability `yaml:"allow"`

	// Refuse lists capabilities that deny a container if the spec as it came has them in any
	// set, even if onViolation is adjust. With onViolation: audit they are reported. ADDED means
	// every capability that is not in Allow and that container runtimes do not give by default.
	// Default: none.
	Refuse []RefusedCapability `yaml:"refuse"`

	allows     bool         // the last document that says something of the rule has Allow
	spared     []Capability // by exceptions, of what Refuse says
	refusesAll bool         // at once, as Refuse did before exceptions spared all that it names
}

// allCapabilities is the word for every capability.
const allCapabilities Capability = "ALL"

// Capability is the name of a Linux capability, such as NET_ADMIN, or ALL. It may begin with
// CAP_ and be in lower case.
type Capability string // as the OCI spec writes it, with CAP_

// UnmarshalText reads a capability's name; one that the kernel's headers do
// not know is an error.
func (c *Capability) UnmarshalText(text []byte) error {
	name := strings.TrimPrefix(strings.ToUpper(string(text)), "CAP_")
	if name == string(allCapabilities) {
		*c = allCapabilities
		return nil
	}
	known := func(k capability.Cap) bool { return strings.EqualFold(k.String(), name) }
	if !slices.ContainsFunc(capability.ListKnown(), known) {
		return fmt.Errorf("unknown capability %q (see capabilities(7))", text)
	}
	*c = Capability("CAP_" + name)
	return nil
}

// JSONSchema lists the names without CAP_, and takes them in all forms.
func (Capability) JSONSchema() map[string]any {
	return capabilitySchema("capability", string(allCapabilities))
}

// capabilitySchema lists the word and the names of capabilities.
func capabilitySchema(title, word string) map[string]any {
	names := []string{word}
	for _, k := range capability.ListKnown() {
		names = append(names, strings.ToUpper(k.String()))
	}
	letter := regexp.MustCompile("[A-Z]")
	anyCase := letter.ReplaceAllStringFunc("^(CAP_)?("+strings.Join(names, "|")+")$",
		func(c string) string { return "[" + c + strings.ToLower(c) + "]" })
	pattern := strict.Pattern(anyCase)
	pattern["patternErrorMessage"] = "This is not a capability: see capabilities(7)."
	return strict.Named(title, map[string]any{"anyOf": []any{strict.Enum(names...), pattern}})
}

// JSONSchema refuses an empty list of what is refused.
func (Capabilities) JSONSchema() map[string]any {
	return map[string]any{"properties": map[string]any{"refuse": strict.NotEmpty()}}
}

// Validate requires at least one of drop, allow and refuse, and no empty allow that would
// not be what it looks like.
func (c *Capabilities) Validate() error {
	switch {
	case slices.Contains(c.Allow, allCapabilities):
		return strict.Field("allow", "ALL cannot be allowed; name the capabilities")
	case c.Action() == Ignore:
		return nil
	case c.Allow != nil && len(c.Allow) == 0 && !slices.Contains(c.Drop, allCapabilities):
		return strict.Field("allow", "is an empty list; drop: [ALL] allows none")
	case c.Refuse != nil && len(c.Refuse) == 0:
		return strict.Field("refuse", "is an empty list; leave it out to refuse none")
	case len(c.Drop) == 0 && len(c.Allow) == 0 && len(c.Refuse) == 0:
		return errors.New("needs drop, allow or refuse")
	}
	return nil
}

// override lets drop: [ALL] mean what it says in a policy, whatever its profile
// allows.
func (c *Capabilities) override(set func(field string) *yaml.Node) {
	drop := set("drop")
	c.allows = set("allow") != nil
	if drop == nil || c.allows {
		return
	}
	if drop.Alias != nil {
		drop = drop.Alias
	}
	for _, n := range drop.Content {
		if strings.EqualFold(strings.TrimPrefix(strings.ToUpper(n.Value), "CAP_"), string(allCapabilities)) {
			c.Allow = nil
		}
	}
}

// permits reports whether a capability may be held. Case does not count: crun
// reads names in any. A name that is none may mean any capability to an OCI runtime:
// those that meansCapability knows, and maybe others.
func (c *Capabilities) permits(name string) bool {
	name = strings.ToUpper(name)
	if slices.Contains(c.Drop, Capability(name)) {
		return false
	}
	if len(c.Allow) > 0 {
		return slices.Contains(c.Allow, Capability(name))
	}
	return !slices.Contains(c.Drop, allCapabilities) && isCapability(name)
}

// Check finds the capabilities that are in any of the five sets and not
// allowed.
func (c *Capabilities) Check(s *Subject) []Finding {
	if allCapabilitiesGiven(s.Spec) {
		return []Finding{{Found: "all capabilities not allowed: the spec has no process.capabilities", Allowed: c.allowed()}}
	}
	bad := heldOf(s.Spec, func(name string) bool { return !c.permits(name) })
	if len(bad) == 0 {
		return nil
	}
	return []Finding{listing("", displayed(bad), " not allowed").with(c.allowed(), c.fix(s, bad))}
}

// fix is what the pod's author writes: what to drop of the capabilities that the
// runtime gives to each container, and what not to add.
func (c *Capabilities) fix(s *Subject, bad []string) string {
	spec := s.Spec
	if slices.ContainsFunc(capabilitySets(spec), givesAll) && everyDevice(deviceRules(s.came)) {
		return fixPrivileged
	}
	var given, added []string
	for _, name := range bad {
		if isDefaultCapability(name) && hasDefaultCapabilities(spec) {
			given = append(given, strconv.Quote(short(name)))
		} else {
			added = append(added, name)
		}
	}
	var out []string
	switch {
	case len(given) == 0:
	case len(c.Allow) > 0 || slices.Contains(c.Drop, allCapabilities):
		out = append(out, `set securityContext.capabilities.drop: ["ALL"]`)
	default:
		out = append(out, "set securityContext.capabilities.drop: ["+strings.Join(given, ", ")+"]")
	}
	switch {
	case len(added) == 0:
	case slices.ContainsFunc(capabilitySets(spec), everyCapability):
		out = append(out, "remove ALL from securityContext.capabilities.add")
	default:
		out = append(out, "remove "+few(displayed(added))+" from securityContext.capabilities.add")
	}
	return strings.Join(out, " and ")
}

// Adjust takes what is not allowed out of all five sets.
func (c *Capabilities) Adjust(s *Subject) []string { return dropCapabilities(s.Spec, c.permits) }

// allCapabilitiesGiven reports whether the process gets all capabilities, for want of
// any sets.
func allCapabilitiesGiven(spec *specs.Spec) bool {
	return spec.Process != nil && spec.Process.Capabilities == nil
}

// dropCapabilities takes the capabilities that may not be kept out of all five
// sets and says in words what it did.
func dropCapabilities(spec *specs.Spec, keep func(name string) bool) []string {
	if allCapabilitiesGiven(spec) {
		spec.Process.Capabilities = &specs.LinuxCapabilities{}
		return []string{"dropped all capabilities (the spec had no process.capabilities)"}
	}
	drop := func(name string) bool { return !keep(name) }
	dropped := heldOf(spec, drop)
	for _, set := range capabilitySets(spec) {
		*set = slices.DeleteFunc(*set, drop)
	}
	if len(dropped) == 0 {
		return nil
	}
	return []string{"dropped " + few(displayed(dropped))}
}

func (c *Capabilities) allowed() string {
	switch {
	case len(c.Allow) > 0:
		left := slices.DeleteFunc(slices.Clone(c.Allow), func(n Capability) bool { return slices.Contains(c.Drop, n) })
		if len(left) == 0 {
			return "none"
		}
		return joinShort(left)
	case slices.Contains(c.Drop, allCapabilities):
		return "none"
	case len(c.Drop) == 0:
		return "all that the kernel knows"
	default:
		return "all but " + joinShort(c.Drop)
	}
}
