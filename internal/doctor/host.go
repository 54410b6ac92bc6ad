package doctor

import (
	"context"
	"os"

	"github.com/specguard/specguard/internal/wrapperconfig"
)

// checkHost reports where the host's files are seen.
func checkHost(_ context.Context, n *Node) []Finding {
	if n.Root == "" {
		return []Finding{notSeen("the runtimes' configuration, OCI runtimes and " + wrapperconfig.Program)}
	}
	if _, err := os.Stat(n.Root); err != nil {
		return []Finding{problem("set host.root to where the host's / is mounted", "the host's files: %v", err)}
	}
	return []Finding{ok("its files are at %s", n.Root)}
}

// notSeen returns the finding of a check that needs the host's files but cannot see them.
func notSeen(what string) Finding {
	return warning("mount the host's / and set host.root", "cannot see the host's files: nothing is known about %s", what)
}
