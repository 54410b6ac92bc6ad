package cli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
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
		buildVersion(version), moduleVersion("github.com/containerd/nri"), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// buildVersion is the version given by the linker, or the revision that the
// binary was built from.
func buildVersion(version string) string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
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
