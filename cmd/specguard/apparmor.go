package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/specguard/specguard/plugin/apparmor"
)

func appArmorCommand() *cobra.Command {
	n := apparmor.Node{Root: "/"}
	cmd := &cobra.Command{
		Use:   "apparmor",
		Short: "Load the AppArmor profile that containerd gives containers by default",
		Long: `Load the AppArmor profile cri-containerd.apparmor.d, unless one of that name is
loaded. containerd loads it when the first container asks for it. Until then,
after a boot, rule appArmorProfile cannot apply RuntimeDefault. It needs root with
CAP_MAC_ADMIN, and the node's /sbin/apparmor_parser; the agent has no capability
and cannot do it. Exit status 0: the profile is loaded, or AppArmor is off.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			result, err := n.Load(cmd.Context())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), result)
			return err
		},
	}
	cmd.Flags().StringVar(&n.Root, "root", "/", "where the node's files are: a mount of its root")
	return cmd
}
