package doctor

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/specguard/specguard/internal/wrapperconfig"
)

// checkWrapperVersion asks specguard-runtime, if it is there, for its version.
func checkWrapperVersion(ctx context.Context, n *Node) []Finding {
	if n.Root == "" {
		return nil // checkOpener says so
	}
	if _, err := n.files.Stat(n.Hook); errors.Is(err, fs.ErrNotExist) {
		return nil // it is not needed on every node
	}
	place, _, err := n.files.At(n.Hook)
	if err != nil {
		return []Finding{warning(install, "%v", err)}
	}
	out, err := n.output(ctx, n.Hook, place, wrapperconfig.VersionCommand)
	version, says := strings.CutPrefix(strings.TrimSpace(out), wrapperconfig.VersionPrefix)
	switch {
	case err != nil && out == "":
		return []Finding{warning(install, "%s does not say its version: %v", n.Hook, err)}
	case !says:
		return []Finding{warning(install, "%s does not say its version: it is older than specguard %s", n.Hook, n.Version)}
	case n.Version != "" && version != n.Version:
		return []Finding{warning(install, "%s has version %s, and specguard %s", n.Hook, version, n.Version)}
	default:
		return []Finding{ok("%s has version %s", n.Hook, version)}
	}
}
