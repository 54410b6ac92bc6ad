package cli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/specguard/specguard/internal/buildversion"
)

func versionCommand(version string) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Args:    noArgs,
		Example: "  specguard version",
		Run:     func(cmd *cobra.Command, _ []string) { printVersion(cmd.OutOrStdout(), version) },
	}
}

func printVersion(w io.Writer, version string) {
	fmt.Fprintf(w, "specguard %s (NRI %s, %s, %s/%s)\n",
		buildversion.Of(version), moduleVersion("github.com/containerd/nri"), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func moduleVersion(path string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == path {
				return dep.Version
			}
		}
	}
	return "unknown"
}
