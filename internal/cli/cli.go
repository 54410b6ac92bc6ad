// Package cli is the command line of specguard.
package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/containerd/nri/pkg/api"
	"github.com/spf13/cobra"
)

// Main runs the command in the program's arguments and returns the exit status.
// version is the program's; "" if it was built without one.
func Main(version string) int {
	cmd := root(version)
	err := cmd.Execute()
	var status exitStatus
	switch {
	case errors.As(err, &status):
		return int(status)
	case err != nil:
		fmt.Fprintln(cmd.ErrOrStderr(), err)
		return int(exitError)
	default:
		return 0
	}
}

// needs requires at least one argument.
func needs(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return fmt.Errorf("%[1]s needs a %[2]s: see %[1]s --help", cmd.CommandPath(), what)
		}
		return nil
	}
}

// Command is the command line, for those who describe it.
func Command(version string) *cobra.Command { return root(version) }

func root(version string) *cobra.Command {
	var showVersion bool
	cmd := &cobra.Command{
		Use:           "specguard",
		Short:         "Enforce container security policy on this node",
		SilenceUsage:  true,
		SilenceErrors: true,
		Example: `  specguard explain                                      # what rules there are
  specguard check --policy-dir policies pod.yaml         # what the policies would do with a pod
  specguard audit --policy-dir policies                  # and with all that runs on this node`,
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if showVersion {
				printVersion(cmd.OutOrStdout(), version)
				return nil
			}
			return cmd.Help()
		},
	}
	cmd.Flags().BoolVar(&showVersion, "version", false, "print the version")
	cmd.SetFlagErrorFunc(hintAtFlag)
	cmd.AddCommand(runCommand(version), alsoByFlag(validateCommand()), alsoByFlag(checkCommand(version)), alsoByFlag(testCommand()),
		auditCommand(), effectiveCommand(), exceptionsCommand(), explainCommand(), doctorCommand(version), appArmorCommand(),
		installCommand(), uninstallCommand(), schemaCommand(), versionCommand(version))
	givenOnce(cmd.Commands())
	completeValues(cmd.Commands())
	// NRI starts a pre-installed plugin without arguments.
	if len(os.Args) == 1 && os.Getenv(api.PluginSocketEnvVar) != "" {
		cmd.SetArgs([]string{"run"})
	}
	return cmd
}
