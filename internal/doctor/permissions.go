package doctor

import (
	"context"
	"errors"
	"io/fs"
	"path"

	"github.com/specguard/specguard/internal/wrapperconfig"
	"github.com/specguard/specguard/policy"
)

// checkFiles reports whether others than root can change what specguard goes by.
// What is not there is left out: all of it is optional.
func checkFiles(_ context.Context, n *Node) []Finding {
	var out []Finding
	for _, own := range append([]string{n.ConfigFile, n.PolicyDir}, n.own.List(n.PolicyDir, "*")...) {
		out = append(out, tight(n.own, own)...)
	}
	for _, p := range []string{wrapperconfig.File, n.Hook} {
		out = append(out, tight(n.files, p)...)
	}
	if n.wrapped.err != nil {
		out = append(out, problem("fix it; until then specguard-runtime creates no containers", "%v", n.wrapped.err))
	}
	if info, err := n.files.Stat(n.wrapped.socket()); err == nil {
		if f := n.files.reachable(n.wrapped.socket(), info); f != nil {
			out = append(out, *f)
		}
	} else if folder, err := n.files.Stat(path.Dir(n.wrapped.socket())); err == nil && folder.Mode().Perm()&0o077 != 0 {
		out = append(out, problem("chmod 0700 "+path.Dir(n.wrapped.socket()), "%s is open to others (mode %04o)",
			path.Dir(n.wrapped.socket()), folder.Mode().Perm()))
	}
	if len(out) == 0 {
		return []Finding{ok("only root can change the configuration, the policies and the other files of specguard")}
	}
	return out
}

func tight(f files, p string) []Finding {
	switch why, err := f.loose(p); {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, policy.ErrNotVisible):
		return nil
	case err != nil:
		return []Finding{warning("run doctor as root", "%v", err)}
	case why != "":
		return []Finding{problem("let only root write it: chown root: and chmod go-w", "%s: %s", p, why)}
	default:
		return nil
	}
}
