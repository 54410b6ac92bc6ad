package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/specguard/specguard/internal/similar"
)

// hintAtFlag says of a flag that a command does not have which one was probably meant.
func hintAtFlag(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return err
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Deprecated == "" && !f.Hidden {
			names = append(names, "--"+f.Name)
		}
	})
	given := "--" + unknown.GetSpecifiedName()
	if hint := similar.Hint(given, names); hint != "" {
		return fmt.Errorf("unknown flag %s%s", given, hint)
	}
	return fmt.Errorf("unknown flag %s: see %s --help", given, cmd.CommandPath())
}

// knownCommand is for a command that has others: what follows it must be one of them.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	if hint := similar.Hint(args[0], names); hint != "" {
		return fmt.Errorf("unknown command %q%s", args[0], hint)
	}
	return fmt.Errorf("unknown command %q: see %s --help", args[0], cmd.CommandPath())
}

// noArgs is for a command that takes flags only.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%[1]s takes no arguments, such as %[2]q: see %[1]s --help", cmd.CommandPath(), args[0])
	}
	return nil
}
