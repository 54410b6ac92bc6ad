package cli

import (
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/specguard/specguard/internal/app"
	"github.com/specguard/specguard/internal/buildversion"
	"github.com/specguard/specguard/policy"
)

const checkHelp = `Show what the policies would do with containers. A FILE is a file, a folder with its
subfolders (*.yaml, *.yml, *.json; hidden folders are left out), a pattern such as
'k8s/**/*.yaml', or - for standard input. A file is one of

  - a Kubernetes manifest: pods or workloads, in YAML or JSON. check derives
    the specs that a kubelet and containerd would make.
  - an OCI config.json
  - the output of "crictl inspect" (containerd, CRI-O) or "ctr container info"

In folders and for patterns, check skips files that are none of these, and counts them.
It also skips templates of Helm charts and patches of kustomizations: render them first.
Objects that have no containers, such as a Service, are skipped, too.

  specguard check --policy-dir policies k8s
  helm template CHART | specguard check --policy-dir policies -
  kustomize build DIR | specguard check --policy-dir policies -

Exit status 2: at least one container is denied, or is what --fail-on says. Otherwise
1: at least one error, such as a file that cannot be read; with --strict, also
anything that is skipped. Otherwise 0.

--output sarif, junit and github (annotations of GitHub Actions) are for CI systems. They
show findings at their place in the file.

With --compare, also judge by a second set of policies, and show only the containers
with another decision. Exit status 2: differences. Otherwise 1: error. Otherwise 0.

check does not ask the node: it does not follow symlinks of host paths, and
assumes that AppArmor and SELinux are on. It reads seccomp profiles of the node
(Localhost) from --seccomp-dir. Only manifests show a pod's labels,
runtime handler, host ports and sysctls. For other files, give labels and handler
with --pod-labels and --runtime-handler. Without --pod-labels, the pod counts as
having no labels. A manifest does not show whom an image runs as: check takes it for root,
unless --image-user or --image-file says another. --image-file reads /etc/passwd of the
image, too.

Values of environment variables and arguments are never shown.`

// checkFlags are the flags of check.
type checkFlags struct {
	podFlags
	checkerFlags
	images          imageFlags
	dir, seccompDir string
	failOn          failOn

	quiet, strict, skipOthers bool
}

func checkCommand(version string) *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Show what the policies would do with containers, in files and folders",
		Long:  checkHelp,
		Example: `  specguard check --policy-dir policies pod.yaml
  specguard check --policy-dir policies --namespace team-a pod.yaml
  kustomize build overlays/team-a | specguard check --policy-dir policies -`,
		Args: needs("FILE"),
		RunE: func(cmd *cobra.Command, files []string) error {
			if slices.Contains(files, "-") && (f.dir == "-" || f.compare == "-") {
				return errors.New("standard input cannot be both policies and containers")
			}
			c, err := f.checker(cmd, f.dir, policy.DefaultBuiltin(), formatNames()...)
			if err != nil {
				return err
			}
			c.quiet, c.tally.failOn = f.quiet, f.failOn
			if err := c.setFormat(f.output, buildversion.Of(version)); err != nil {
				return err
			}
			users, err := f.images.read()
			if err != nil {
				return err
			}
			r := &fileReader{flags: &f, checker: c, users: users}
			if err := r.check(files); err != nil {
				return err
			}
			return c.tally.exit()
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.dir, "policy-dir", app.DefaultPolicyDir, policyDirUsage)
	fs.StringVar(&f.seccompDir, "seccomp-dir", "", "folder of the seccomp profiles that the node has (Localhost)")
	fs.Var(&f.failOn, "fail-on", failOnUsage)
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "show only what --fail-on counts, errors and the summary")
	fs.BoolVar(&f.strict, "strict", false, "make everything that is skipped an error")
	fs.BoolVar(&f.skipOthers, "skip-others", false, "skip a FILE that holds no Kubernetes object and no container, as in folders")
	f.checkerFlags.add(fs, formatNames()...)
	f.podFlags.add(fs)
	f.images.add(fs)
	return cmd
}
