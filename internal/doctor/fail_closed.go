package doctor

import (
	"context"
	"fmt"
	"strings"
)

// checkFailClosed reports what happens to containers while the agent is down. docs/deployment.md
// has a table by version.
func checkFailClosed(_ context.Context, n *Node) []Finding {
	table, err := readNRIReleases()
	if err != nil {
		return []Finding{problem("report this", "%v", err)}
	}
	var out []Finding
	for _, r := range n.runtimes {
		if r.err == nil {
			out = append(out, n.failsClosed(&r, table))
		}
	}
	return out
}

func (n *Node) failsClosed(r *containerRuntime, table *nriReleases) Finding {
	const unjudged = "containers that are created while the agent is down run unjudged"
	v := r.config.Validator
	brings, known := table.brings(r.component, r.version)
	wrapped := n.wrapper(r)
	switch {
	case wrapped.usable() && len(wrapped.without) == 0:
		return ok("%s: its OCI runtime is specguard-runtime, which refuses containers without a seal", r)
	case wrapped.usable():
		return warning("run specguard install for the handlers "+strings.Join(wrapped.without, ", ")+", too",
			"%s: for the handlers %s, which do not call specguard-runtime, %s", r, strings.Join(wrapped.without, ", "), unjudged)
	case v.Requires(n.Plugin) && v.Tolerate != "":
		return warning(fmt.Sprintf("remove %s: every pod's author can write that annotation", r.config.Terms.Tolerate),
			"%s: the validator requires the agent, but not for pods with the annotation %q", r, v.Tolerate)
	case !known:
		return warning("see Failing closed in docs/deployment.md", "%s: this specguard does not know its NRI version", r)
	case !table.has(brings.NRI, validation):
		return warning("make specguard-runtime the OCI runtime, or update to a version whose NRI is 0.10 or later",
			"%s has NRI %s: %s", r, brings.NRI.text, unjudged)
	case v.Requires(n.Plugin):
		return ok("%s: containers are refused while the agent is down (NRI %s, required_plugins)", r, brings.NRI.text)
	default:
		return warning("set "+fmt.Sprintf(r.config.Terms.Require, n.Plugin)+", and read Failing closed in docs/deployment.md first",
			"%s has NRI %s: %s, except the first after it died or hung", r, brings.NRI.text, unjudged)
	}
}
