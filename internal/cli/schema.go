package cli

import (
	"github.com/spf13/cobra"

	"github.com/specguard/specguard/internal/schema"
)

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the policy documents, for editors",
		Long: "Print the JSON Schema (draft 2020-12) of the policy documents. Editors use it to complete and check documents. The " +
			"schema does not find all errors; specguard validate does.",
		Example: "  specguard schema > specguard.schema.json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text, err := schema.JSON()
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
}
