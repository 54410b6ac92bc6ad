package doctor

import (
	"context"
	"strings"
	"time"
)

// checkPolicies reads the policies as the agent does.
func checkPolicies(_ context.Context, n *Node) []Finding {
	set, err := n.Policies()
	if err != nil {
		f := problem("see specguard validate "+n.PolicyDir+"; the agent does not start with them", "the policies are not valid")
		f.Details = strings.Split(err.Error(), "\n")
		return []Finding{f}
	}
	out := []Finding{ok("%d in force: %s", len(set.Names()), strings.Join(set.Names(), ", "))}
	if set.Builtin() {
		does := "denies containers"
		if !set.Enforces() {
			does = "reports only: nothing is denied or adjusted"
		}
		out[0] = warning("write policies", "there are no policies in %s: the built-in policy %s %s", n.PolicyDir, set.Names()[0], does)
	}
	for _, e := range set.Exceptions() {
		if e.Expired(time.Now()) {
			out = append(out, warning("renew or remove it", "%s: exception %q of %s ended at %s", e.Source, e.Name, e.Owner,
				e.Ends.Format(time.RFC3339)))
		}
	}
	for _, w := range set.Warnings() {
		out = append(out, warning("see docs/policy.md, \"Warnings\"", "%s", w))
	}
	for _, m := range set.MissingProfiles(n.host) {
		out = append(out, problem("put the file there, or name another profile", "%s: containers that need it are refused", m))
	}
	return out
}
