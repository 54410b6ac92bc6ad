package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/specguard/specguard/policy"
)

func validateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "validate PATH...",
		Short: "Check policy files or folders: one line per error, file:line:column",
		Long: "Check policy files or folders. Exit status 0: valid. 1: not valid, with one line per error: file:line:column. Expired " +
			"exceptions cause a warning.",
		Args: needs("PATH"),
		RunE: func(cmd *cobra.Command, paths []string) error {
			set, err := policy.Load(paths...)
			if err != nil {
				return err
			}
			warnOfIgnored(cmd.ErrOrStderr(), paths...)
			warnOfExpired(cmd.ErrOrStderr(), set.Exceptions(), time.Now())
			warnOfNested(cmd.ErrOrStderr(), set.NestedPaths())
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "valid: "+summary(set))
			return err
		},
	}
}

// summary counts the policies, rules and exceptions.
func summary(set *policy.Set) string {
	n := len(set.Names())
	if n == 0 {
		return "no policies (then the built-in profile baseline is in force in mode audit, or builtinPolicy of the agent's configuration)"
	}
	text := count(n, "policy")
	if n > 1 {
		text = fmt.Sprintf("%d policies", n)
	}
	text += ", " + count(set.RuleCount(), "rule")
	if n := len(set.Exceptions()); n > 0 {
		text += ", " + count(n, "exception")
	}
	return text
}

// warnOfIgnored names the files in policy folders that are not read.
func warnOfIgnored(w io.Writer, paths ...string) {
	for _, file := range policy.Ignored(paths...) {
		warnOfUnread(w, file)
	}
}

func warnOfUnread(w io.Writer, file string) {
	fmt.Fprintf(w, "%s: warning: not read: policy files end in .yaml, .yml or .json\n", file)
}

// warnOfExpired names the expired exceptions. They are warnings and no errors,
// because time alone must not make policies invalid.
func warnOfExpired(w io.Writer, exceptions []policy.Exception, now time.Time) {
	for _, e := range exceptions {
		if e.Expired(now) {
			fmt.Fprintf(w, "%s: warning: exception %q of %s expired at %s\n", e.Source, e.Name, e.Owner, e.Ends.Format(time.RFC3339))
		}
	}
}

// warnOfNested names the allowed host paths that a container can replace with a link.
func warnOfNested(w io.Writer, paths []policy.NestedPath) {
	for _, n := range paths {
		fmt.Fprintf(w, "warning: policy %q allows the host path %s, which is in %s, where policy %q lets containers write: they "+
			"can replace it with a link, and then it allows nothing (make %s readOnly, or name a folder elsewhere)\n",
			n.Policy, n.Path, n.Within, n.Writer, n.Within)
	}
}
