package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/specguard/specguard/plugin/apparmor"
)

func appArmorCommand() *cobra.Command {
	n := apparmor.Node{Root: "/"}
	cmd := &cobra.Command{
		Use:   "apparmor",
		Short: "Load containerd's default AppArmor profile for containers",
		Long: `Load containerd's default AppArmor profile (cri-containerd.apparmor.d), unless a profile
of that name is loaded. After a boot, containerd loads it only when the first container
asks for it; until then, rule appArmorProfile cannot apply RuntimeDefault. The command
needs root with CAP_MAC_ADMIN, and the node's /sbin/apparmor_parser. The agent has no
capability, so it cannot do this.
Exit status 0: the profile is loaded, or AppArmor is off. 1: an error.`,
		Example: "  specguard apparmor --root /host",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			result, err := n.Load(cmd.Context())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), result)
			return err
		},
	}
	cmd.Flags().StringVar(&n.Root, "root", "/", "folder with the node's files: a mount of its root")
	return cmd
}
