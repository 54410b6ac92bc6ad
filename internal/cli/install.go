package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/specguard/specguard/internal/install"
)

func installCommand() *cobra.Command {
	o := install.Options{RuntimeConfig: os.Getenv(install.RuntimeConfigEnv)}
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Install the OCI runtime wrapper specguard-runtime on this node",
		Long: `Install the OCI runtime wrapper: the binary, its configuration
/etc/specguard/runtime.yaml (an existing one is kept), and last the drop-in that makes
containerd or CRI-O call it. Before install changes anything, the runtime checks a
copy of its new configuration. install never restarts the runtime: do that yourself.
Run install again to upgrade.
Exit status 0: done. 1: an error, which says what was changed, if anything.`,
		Example: `  specguard install --dry-run
  specguard install --runtime containerd --runtime-handler runc`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Binary == "" {
				self, err := os.Executable()
				if err != nil {
					return fmt.Errorf("find specguard-runtime: %w", err)
				}
				o.Binary = filepath.Join(filepath.Dir(self), "specguard-runtime")
			}
			plan, err := install.New(cmd.Context(), o)
			if err != nil {
				return fmt.Errorf("nothing was changed: %w", err)
			}
			if err := carryOut(cmd.OutOrStdout(), plan, dryRun); err != nil {
				return err
			}
			if plan.Effective() && plan.Runtime == "containerd" && !dryRun {
				fmt.Fprintln(cmd.OutOrStdout(),
					"to do: then drain the node, or recreate its pods: existing pods call the OCI runtime that they were created with")
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Root, "root", "/", "folder with the node's files: a mount of its root, or an image")
	f.StringVar(&o.Prefix, "prefix", install.DefaultPrefix, "folder on the node for specguard-runtime")
	f.StringVar(&o.Binary, "binary", "", "specguard-runtime to install (default: the one in specguard's folder)")
	f.StringVar(&o.Runtime, "runtime", "auto", "auto, containerd or crio")
	f.StringVar(&o.Config, "runtime-config", "", "the runtime's main configuration file on the node (default: containerd's or CRI-O's)")
	f.StringArrayVar(&o.Handlers, flagHandler, nil,
		"runtime handler to wrap (repeatable; default: all that call an OCI runtime)")
	f.StringArrayVar(&o.PassNamespaces, "pass-namespace", []string{"kube-system", "specguard-system"},
		"namespace whose pods may run while the wrapper cannot ask the agent (repeatable)")
	earlierName(f, "config", "runtime-config")
	earlierName(f, "handler", flagHandler)
	f.BoolVar(&dryRun, "dry-run", false, "print what would be changed, and change nothing")
	return cmd
}

func uninstallCommand() *cobra.Command {
	o := install.UninstallOptions{RuntimeConfig: os.Getenv(install.RuntimeConfigEnv)}
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "uninstall",
		Short: "Remove the OCI runtime wrapper from this node",
		Long: `Undo what specguard install did. uninstall first restores the runtime's configuration.
It keeps the wrapper as long as the runtime or a running container uses it: then run
it again later. Exit status 0: all is removed. 1: an error. 2: the wrapper was kept.`,
		Example: `  specguard uninstall --dry-run
  specguard uninstall --purge`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			removal, err := install.Uninstall(o)
			if err != nil {
				return fmt.Errorf("nothing was changed: %w", err)
			}
			out := cmd.OutOrStdout()
			if err := carryOut(out, &removal.Plan, dryRun); err != nil || len(removal.Kept) == 0 {
				return err
			}
			fmt.Fprintln(out, "specguard-runtime is kept; run specguard uninstall again later:")
			for _, why := range removal.Kept {
				fmt.Fprintln(out, "  "+why)
			}
			return exitKept
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Root, "root", "/", "folder with the node's files: a mount of its root, or an image")
	f.StringVar(&o.Prefix, "prefix", install.DefaultPrefix, "folder of specguard-runtime on the node")
	f.StringVar(&o.Runtime, "runtime", "auto", "auto (both), containerd or crio")
	f.StringVar(&o.Config, "runtime-config", "", "the runtime's main configuration file on the node (default: containerd's and CRI-O's)")
	f.BoolVar(&o.Purge, "purge", false, "remove runtime.yaml too, with the wrapper")
	earlierName(f, "config", "runtime-config")
	f.BoolVar(&dryRun, "dry-run", false, "print what would be changed, and change nothing")
	return cmd
}

// carryOut prints a plan and, unless it is only asked for, makes its changes.
func carryOut(w io.Writer, plan *install.Plan, dryRun bool) error {
	for _, note := range plan.Notes {
		fmt.Fprintln(w, "note: "+note)
	}
	if len(plan.Changes) == 0 {
		_, err := fmt.Fprintln(w, "nothing to change")
		return err
	}
	for _, c := range plan.Changes {
		printFileChange(w, c, dryRun)
	}
	if dryRun {
		return nil
	}
	if err := plan.Apply(); err != nil {
		return err
	}
	if plan.Effective() {
		_, err := fmt.Fprintf(w, "to do: restart the runtime (systemctl restart %s); running containers are not affected\n", plan.Runtime)
		return err
	}
	return nil
}

func printFileChange(w io.Writer, c install.Change, diff bool) {
	line := c.Verb() + " " + c.Path
	if c.Target != "" {
		line += " -> " + c.Target
	}
	if c.Binary && c.After != nil {
		line += fmt.Sprintf(" (%d bytes)", len(c.After))
	}
	fmt.Fprintln(w, line)
	if !diff || c.Binary {
		return
	}
	for _, l := range lineDiff(string(c.Before), string(c.After)) {
		fmt.Fprintln(w, "  "+l)
	}
}

// lineDiff returns the lines that go, after "- ", and come, after "+ ". Files are
// edited in few places: what the two have in common at both ends is left out,
// and within it lines that are in both.
func lineDiff(before, after string) []string {
	a, b := splitLines(before), splitLines(after)
	var out []string
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(a) > 0 && len(b) > 0 && a[0] == b[0]:
			a, b = a[1:], b[1:]
		case len(b) > 0 && (len(a) == 0 || !slices.Contains(a, b[0])):
			out, b = append(out, "+ "+b[0]), b[1:]
		default:
			out, a = append(out, "- "+a[0]), a[1:]
		}
	}
	return out
}

func splitLines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}
