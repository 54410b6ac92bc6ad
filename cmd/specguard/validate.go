package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/specguard/specguard/policy"
)

func validateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "validate PATH...",
		Short: "Check policy files or folders: one line per fault, file:line:column",
		Long:  "Check policy files or folders. Exit status 0: valid. 1: not valid, one line per fault with its file, line and column.",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, paths []string) error {
			set, err := policy.Load(paths...)
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				return exitCode(1)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "valid: %d policies, %d rules\n", len(set.Names()), set.RuleCount())
			return nil
		},
	}
}
