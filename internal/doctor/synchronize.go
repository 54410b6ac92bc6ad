package doctor

import "context"

// checkSynchronize names what is too large for the runtime to be sure to tell
// the agent of it, by NRI, when the agent connects.
func checkSynchronize(ctx context.Context, n *Node) []Finding {
	var out []Finding
	for _, r := range n.runtimes {
		if r.err != nil {
			continue // which is told
		}
		found, err := n.Oversized(ctx, r.socket)
		if err != nil {
			out = append(out, warning("see the runtime's log", "%s: cannot check whether a container is too large for NRI: %v", r.component, err))
			continue
		}
		if len(found) == 0 {
			out = append(out, ok("%s: no pod or container is too large for NRI to report it to the agent", r.component))
			continue
		}
		f := problem("delete these pods, or make them smaller: docs/operations.md, Size limits for containers",
			"%s: %d too large for NRI: the agent may be unable to connect, and then judges nothing", r.component, len(found))
		for _, t := range found {
			f.Details = append(f.Details, t.Name()+": "+t.Finding())
		}
		out = append(out, f)
	}
	return out
}
