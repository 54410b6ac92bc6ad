package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/specguard/specguard/internal/oneline"
	"github.com/specguard/specguard/policy"
)

// warnOf prints what in the policies is probably not meant, in one line each, after what of their
// files was ignored. It returns how many lines there are. Exceptions that have expired are among
// it: they are no errors, because time alone must not make policies invalid.
func warnOf(w io.Writer, set *policy.Set, now time.Time, ignored ...policy.Warning) int {
	n := 0
	for _, warning := range append(ignored, set.Warnings()...) {
		warn(w, warning)
		n++
	}
	for _, e := range set.Exceptions() {
		if e.Expired(now) {
			warn(w, oneline.Of(fmt.Sprintf("%s: exception %q of %s expired at %s", e.Source, e.Name, e.Owner, e.Ends.Format(time.RFC3339))))
			n++
		}
	}
	return n
}

// warn prints a policy.Warning, or a text in its form.
func warn(w io.Writer, warning any) { fmt.Fprintf(w, "warning: %s\n", oneline.Of(fmt.Sprint(warning))) }

// warnOfBuiltin says that there are no policies. The agent's configuration can choose another
// built-in policy.
func warnOfBuiltin(w io.Writer, set *policy.Set, dir string) {
	if set.Builtin() {
		warn(w, fmt.Sprintf("%s: there are no policies: judged by the built-in policy %s (in an agent, builtinPolicy of its configuration)",
			dir, set.Names()[0]))
	}
}
