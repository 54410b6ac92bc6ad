package doctor

import "context"

// checkNRIConfig reports what the runtimes' configuration says of NRI.
func checkNRIConfig(_ context.Context, n *Node) []Finding {
	var out []Finding
	for _, r := range n.runtimes {
		c := r.config
		switch {
		case c.Err != nil:
			out = append(out, warning("let doctor read it, or fix it", "%s: its NRI settings are not known: %v", r.component, c.Err))
		case c.NRI != nil && !*c.NRI:
			out = append(out, problem("set "+c.Terms.On, "%s: NRI is off", c.Path))
		case c.Validator.Enabled && c.Validator.RejectHooks:
			out = append(out, problem("set "+c.Terms.AllowHooks,
				"%s: NRI's default validator forbids hooks, and seals are hooks: every container that a policy matches is refused", c.Path))
		case !c.Found:
			out = append(out, ok("%s: no %s; the defaults apply", r.component, c.Path))
		default:
			out = append(out, ok("%s: nothing in %s keeps the agent from working", r.component, c.Path))
		}
	}
	return out
}
