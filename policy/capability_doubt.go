package policy

import (
	"slices"
	"strings"

	"github.com/moby/sys/capability"

	"github.com/specguard/specguard/internal/strict"
)

// Warnings tells of entries of a list that another list makes void, and of lists that are about every
// container.
func (c *Capabilities) Warnings() []error {
	var out []error
	for i, n := range c.Drop {
		if n != allCapabilities && len(c.Allow) > 0 && !slices.Contains(c.Allow, n) && !slices.Contains(c.Drop, allCapabilities) {
			out = append(out, strict.Entry("drop", i, "%s has no effect: allow lists the only capabilities that are allowed (%s)", short(string(n)),
				joinShort(c.Allow)))
		}
	}
	for i, name := range c.Allow {
		by := ""
		switch {
		case !c.allows: // a profile does
		case slices.Contains(c.Drop, name):
			by = "drop"
		case slices.Contains(c.Refuse, RefusedCapability(name)):
			by = "refuse"
		}
		if by != "" {
			out = append(out, strict.Entry("allow", i, "%s is not allowed: %s has it too, and counts more", short(string(name)), by))
		}
	}
	lets := c.Action() == Adjust || len(c.Drop)+len(c.Allow) == 0 // in what runtimes give
	for i, n := range c.Refuse {
		if lets && isDefaultCapability(string(n)) {
			out = append(out, strict.Entry("refuse", i, "container runtimes give %[1]s to every container that does not drop it: those are all "+
				"denied (to take it away, write drop: [%[1]s] and onViolation: adjust)", short(string(n))))
		}
	}
	forbidden := func(k capability.Cap) bool { return !c.permits("CAP_" + strings.ToUpper(k.String())) }
	if len(c.Allow) > 0 && len(c.Refuse) == 0 && !slices.ContainsFunc(capability.ListKnown(), forbidden) {
		out = append(out, strict.Field("allow", "has every capability"))
	}
	return out
}
