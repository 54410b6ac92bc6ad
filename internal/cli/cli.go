// Package cli is the command line of specguard.
package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/containerd/nri/pkg/api"
	"github.com/spf13/cobra"
)

// exitCode ends the program with a status other than 1, without a message: all
// has been said.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit status %d", int(c)) }

// Main runs the command that the arguments name, and returns the exit status.
// version is the program's; "" where it was built without one.
func Main(version string) int {
	err := root(version).Execute()
	var code exitCode
	switch {
	case errors.As(err, &code):
		return int(code)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return 1
	default:
		return 0
	}
}

// needs wants at least one argument.
func needs(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return fmt.Errorf("%[1]s needs a %[2]s: see %[1]s --help", cmd.CommandPath(), what)
		}
		return nil
	}
}

func root(version string) *cobra.Command {
	cmd := &cobra.Command{
		Use:           "specguard",
		Short:         "Enforce container security policy on this node",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.AddCommand(runCommand(version), validateCommand(), checkCommand(), testCommand(), auditCommand(), doctorCommand(),
		appArmorCommand(), installCommand(), uninstallCommand(), schemaCommand(), versionCommand(version))
	// NRI starts a pre-installed plugin without arguments.
	if len(os.Args) == 1 && os.Getenv(api.PluginSocketEnvVar) != "" {
		cmd.SetArgs([]string{"run"})
	}
	return cmd
}
