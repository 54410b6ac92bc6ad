package cli

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/specguard/specguard/internal/app"
	"github.com/specguard/specguard/internal/buildversion"
)

func runCommand(version string) *cobra.Command {
	var file string
	flags := app.DefaultConfig()
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the node agent",
		Example: `  specguard run
  specguard run --policy-dir policies --log-level debug --decision-log -`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := app.Load(cmd.Flags(), file)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return app.Run(ctx, cfg, buildversion.Of(version))
		},
	}
	cmd.Flags().StringVar(&file, "config", app.DefaultConfigFile, "configuration file")
	flags.Flags(cmd.Flags())
	return cmd
}
