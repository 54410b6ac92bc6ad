package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/specguard/specguard/internal/app"
	"github.com/specguard/specguard/internal/input"
	"github.com/specguard/specguard/policy"
)

const checkHelp = `Show what the policies would do with containers. A FILE, or - for standard
input, is one of

  - an OCI config.json
  - the output of "crictl inspect" (containerd, CRI-O) or "ctr container info"
  - a Kubernetes manifest: pods or workloads, in YAML or JSON. check derives
    the specs that a kubelet and containerd would make.

Exit status 0: all are allowed or adjusted. 2: at least one is denied. 1: error.

With --compare, also judge by a second set of policies, and show only the containers
with another decision. Exit status 0: no difference. 2: differences. 1: error.

check does not ask the node: it does not follow symlinks of host paths, and
assumes that AppArmor and SELinux are on. It reads seccomp profiles of the node
(Localhost) from --seccomp-dir. Only manifests show a pod's labels,
runtime handler, host ports and sysctls. For other files, give labels and handler
with --pod-label and --runtime-handler. Without --pod-label, the pod counts as
having no labels.

Values of environment variables and arguments are never shown.`

// checkFlags are the flags of check.
type checkFlags struct {
	podFlags
	checkerFlags
	dir, seccompDir string
}

func checkCommand() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Show what the policies would do with a container",
		Long:  checkHelp,
		Args:  needs("FILE"),
		RunE: func(cmd *cobra.Command, files []string) error {
			if slices.Contains(files, "-") && (f.dir == "-" || f.compare == "-") {
				return errors.New("standard input cannot be both policies and containers")
			}
			c, err := f.checker(cmd, f.dir, policy.DefaultBuiltin())
			if err != nil {
				return err
			}
			c.pod, c.seccompDir = &f.podFlags, f.seccompDir
			c.files(files)
			return c.tally.exit()
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.dir, "policy-dir", app.DefaultPolicyDir, policyDirUsage)
	fs.StringVar(&f.seccompDir, "seccomp-dir", "", "folder of the seccomp profiles that the node has (Localhost)")
	f.checkerFlags.add(fs)
	f.podFlags.add(fs)
	return cmd
}

// useSeccompDir gives the container's node its seccomp profiles, if there is a folder of them.
func (c *checker) useSeccompDir(in *input.Container) error {
	if c.seccompDir == "" {
		return nil
	}
	return in.UseSeccompDir(c.seccompDir)
}

// files prints the decisions for all containers in the files.
func (c *checker) files(files []string) {
	for _, file := range files {
		containers, err := readContainers(file, c.cmd.InOrStdin())
		if err != nil {
			c.fail(err)
			continue
		}
		for i := range containers {
			c.pod.complete(&containers[i])
			about := aboutContainer(file, containers, i)
			err := c.useSeccompDir(&containers[i])
			if err == nil {
				err = c.container(about, &containers[i])
			}
			if err != nil {
				c.fail(fmt.Errorf("%s: %w", about.title(), err))
			}
		}
	}
	if c.compare != nil && c.json == nil && c.tally.containers > 0 {
		c.print.line(plain, "%s", c.tally.changes())
	}
}
