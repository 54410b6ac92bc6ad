package policy

import (
	"fmt"
	"slices"
	"strings"
)

// addedCapabilities is the word for every capability that is not allowed and that container
// runtimes do not give by default.
const addedCapabilities RefusedCapability = "ADDED"

// RefusedCapability is the name of a Linux capability, or ADDED.
type RefusedCapability string // as the OCI spec writes it, with CAP_

// UnmarshalText reads the word or a capability's name.
func (r *RefusedCapability) UnmarshalText(text []byte) error {
	if strings.EqualFold(string(text), string(addedCapabilities)) {
		*r = addedCapabilities
		return nil
	}
	var c Capability
	if err := c.UnmarshalText(text); err != nil {
		return err
	}
	if c == allCapabilities {
		return fmt.Errorf("%q cannot be refused; onViolation: reject with drop: [ALL] does that, and ADDED is all that runtimes do not give",
			text)
	}
	*r = RefusedCapability(c)
	return nil
}

// JSONSchema lists the word and the names.
func (RefusedCapability) JSONSchema() map[string]any {
	return capabilitySchema("refused capability", string(addedCapabilities))
}

// parts are what is refused of the spec as it came, and the rest of the rule.
func (c *Capabilities) parts() (request, result Rule) {
	result = c
	if c.requests() {
		request, result = c, nil
	}
	if len(c.Refuse) > 0 || c.refusesAll {
		request = refusal{c}
	}
	return request, result
}

// refusal is the part of the rule that is checked against the spec as it came.
type refusal struct{ *Capabilities }

// lasts: adjusting takes capabilities away only.
func (refusal) lasts() {}

// Check finds what is refused, and all that is not allowed if the rule is on request.
func (r refusal) Check(s *Subject) []Finding {
	var out []Finding
	if r.requests() {
		out = r.Capabilities.Check(s)
	}
	if allCapabilitiesGiven(s.Spec) {
		return append(out, Finding{Found: "all capabilities refused: the spec has no process.capabilities", Allowed: r.unrefused()})
	}
	if bad := heldOf(s.Spec, r.refuses); len(bad) > 0 {
		out = append(out, listing("", displayed(bad), " refused").with(r.unrefused(), r.fix(s, bad)))
	}
	return out
}

// refuses reports whether the rule refuses the capability of that name, or one that an
// OCI runtime may take it for.
func (c *Capabilities) refuses(name string) bool {
	return slices.ContainsFunc(c.Refuse, func(r RefusedCapability) bool {
		if r != addedCapabilities {
			return meansCapability(name, string(r))
		}
		known := strings.ToUpper(name)
		return !isCapability(known) || !isDefaultCapability(known) &&
			!slices.Contains(c.Allow, Capability(known)) && !slices.Contains(c.spared, Capability(known))
	})
}

// unrefused says which capabilities are not refused.
func (c *Capabilities) unrefused() string {
	var named []Capability
	for _, r := range c.Refuse {
		if r != addedCapabilities {
			named = append(named, Capability(r))
		}
	}
	if len(c.Refuse) == 0 {
		return "" // exceptions spare each by itself
	}
	text := "all"
	if slices.Contains(c.Refuse, addedCapabilities) {
		text = "what container runtimes give by default"
		if named := otherThan(c.spared, c.Allow); len(c.Allow)+len(named) > 0 {
			text += ", and " + joinShort(append(slices.Clip(c.Allow), named...))
		}
	}
	if len(named) > 0 {
		text += " but " + joinShort(named)
	}
	return text
}
