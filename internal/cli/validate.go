package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/specguard/specguard/internal/input"
	"github.com/specguard/specguard/policy"
)

const validateHelp = `Check policy files or folders; - is standard input. Exit status 0: all are valid. 1: errors, one line
each: file:line:column. What is valid but probably not meant causes a warning;
with --strict, the exit status is then 1 too.`

func validateCommand() *cobra.Command {
	var strict bool
	cmd := &cobra.Command{
		Use:   "validate PATH...",
		Short: "Check policy files or folders: one line per error, file:line:column",
		Long:  validateHelp,
		Example: `  specguard validate policies
  specguard validate --strict policies/tenants.yaml
  kustomize build policies | specguard validate -`,
		Args: needs("PATH"),
		RunE: func(cmd *cobra.Command, paths []string) error {
			files, err := readWithInput(cmd.InOrStdin(), paths)
			if err != nil {
				return err
			}
			set, err := policy.Compile(files.Sources...)
			if err != nil {
				return err
			}
			warnings := warnOf(cmd.ErrOrStderr(), set, time.Now(), files.Ignored...)
			for _, n := range set.Notes() {
				fmt.Fprintf(cmd.ErrOrStderr(), "note: %s\n", n)
			}
			if _, err := fmt.Fprintln(cmd.OutOrStdout(), "valid: "+summary(set)); err != nil {
				return err
			}
			if strict && warnings > 0 {
				return exitError
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&strict, "strict", false, "exit status 1 if there is a warning")
	return cmd
}

// readWithInput reads policy files and folders; - is standard input.
func readWithInput(stdin io.Reader, paths []string) (policy.Files, error) {
	named := slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return p == "-" })
	files, err := policy.Read(named...)
	if err != nil || len(named) == len(paths) {
		return files, err
	}
	if len(named) < len(paths)-1 {
		return files, errors.New("-: is given twice")
	}
	data, err := input.ReadAll(stdin)
	files.Sources = append(files.Sources, policy.Source{Name: "-", Data: data})
	return files, err
}

// summary counts the policies, rules and exceptions.
func summary(set *policy.Set) string {
	n := len(set.Names())
	if n == 0 {
		return "no policies: the agent then uses builtinPolicy of its configuration (by default profile baseline in mode audit)"
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
