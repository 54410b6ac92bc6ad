package doctor

import "context"

// checkNRIConfig tells what the runtimes' configuration says of NRI.
func checkNRIConfig(_ context.Context, n *Node) []Finding {
	var out []Finding
	for _, r := range n.runtimes {
		c := r.config
		switch {
		case c.err != nil:
			out = append(out, warning("let doctor read it, or fix it", "%s: its NRI settings are not known: %v", r.component, c.err))
		case c.nri != nil && !*c.nri:
			out = append(out, problem("set "+c.terms.on, "%s: NRI is off", c.path))
		case c.validator.enabled && c.validator.rejectHooks:
			out = append(out, problem("set "+c.terms.allowHooks,
				"%s: NRI's default validator forbids hooks, and seals are hooks: every container that a policy matches is refused", c.path))
		case !c.found:
			out = append(out, ok("%s: no %s; the defaults apply", r.component, c.path))
		default:
			out = append(out, ok("%s: nothing in %s keeps the agent from working", r.component, c.path))
		}
	}
	return out
}
