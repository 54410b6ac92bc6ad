package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/specguard/specguard/plugin/reload"
	"github.com/specguard/specguard/policy"
	"github.com/specguard/specguard/policy/input"
)

// Exit statuses of check.
const (
	exitError  = exitCode(1)
	exitDenied = exitCode(2) // or changed, with --compare
)

const checkHelp = `Say what the policies would do with containers. A FILE, or - for standard
input, is one of

  - an OCI config.json
  - the output of "crictl inspect" (containerd, CRI-O) or "ctr container info"
  - a Kubernetes manifest: pods, or what makes pods, in YAML or JSON. Their
    specs are derived as a kubelet and containerd would make them.

Exit status 0: all allowed, as they are or adjusted. 2: one is denied. 1: error.

With --compare, judge by a second set of policies too and show only containers
for which it decides otherwise. Exit status 0: none. 2: some. 1: error.

The node is not asked: symlinks of host paths are taken as they are written,
and AppArmor and SELinux are taken to be on. Of a pod, only manifests tell its
labels and its runtime handler (other files: --pod-label, --runtime-handler),
and its host ports and sysctls. Without them a policy that selects by labels
takes the pod to have none.

Values of environment variables and arguments are never shown.`

// checkFlags are the flags of check.
type checkFlags struct {
	known
	dir, compare, output, color string
}

func checkCommand() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Say what the policies would do with a container",
		Long:  checkHelp,
		Args:  needs("FILE"),
		RunE: func(cmd *cobra.Command, files []string) error {
			c, err := f.checker(cmd)
			if err != nil {
				return err
			}
			return c.check(files)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.dir, "policy-dir", defaultPolicyDir, "folder of policy files, or one file")
	fs.StringVar(&f.compare, "compare", "", "second folder of policy files, or one file: show what it would change")
	fs.StringVar(&f.output, "output", "text", "text or json")
	fs.StringVar(&f.color, "color", "auto", "auto, always or never")
	f.add(fs)
	return cmd
}

// checker judges the containers of files and tells of them.
type checker struct {
	cmd     *cobra.Command
	known   *known
	set     *policy.Set
	compare *policy.Set // nil without --compare
	print   *printer
	json    *json.Encoder   // nil for text
	noted   map[string]bool // notes that were printed, by file
}

func (f *checkFlags) checker(cmd *cobra.Command) (*checker, error) {
	c := &checker{cmd: cmd, known: &f.known, noted: make(map[string]bool)}
	var err error
	if c.set, err = openPolicies(f.dir); err != nil {
		return nil, err
	}
	if f.compare != "" {
		if c.compare, err = openPolicies(f.compare); err != nil {
			return nil, err
		}
	}
	switch f.output {
	case "text":
	case "json":
		c.json = json.NewEncoder(cmd.OutOrStdout())
		c.json.SetEscapeHTML(false)
	default:
		return nil, fmt.Errorf("output %q is not one of text, json", f.output)
	}
	c.print, err = newPrinter(cmd.OutOrStdout(), f.color)
	return c, err
}

// openPolicies reads policies as the agent does.
func openPolicies(dir string) (*policy.Set, error) {
	log := logrus.New()
	log.SetOutput(io.Discard)
	folder, err := reload.Open(dir, dir == defaultPolicyDir, log)
	if err != nil {
		return nil, err
	}
	return folder.Current(), nil
}

// check tells of every container of the files; its error is the worst exit
// status.
func (c *checker) check(files []string) error {
	var t tally
	for _, file := range files {
		containers, err := readContainers(file, c.cmd.InOrStdin())
		if err != nil {
			c.fail(&t, err)
			continue
		}
		for i := range containers {
			c.known.complete(&containers[i])
			about := aboutContainer(file, containers, i)
			if err := c.container(&t, about, &containers[i]); err != nil {
				c.fail(&t, fmt.Errorf("%s: %w", about.title(), err))
			}
		}
	}
	if c.compare != nil && c.json == nil && t.containers > 0 {
		c.print.line(plain, "%d of %d containers would change", t.bad, t.containers)
	}
	return t.exit()
}

func (c *checker) fail(t *tally, err error) {
	t.failed = true
	fmt.Fprintln(c.cmd.ErrOrStderr(), err)
}

// statement is what is said about one container.
type statement interface{ text(p *printer) }

func (c *checker) container(t *tally, about about, in *input.Container) error {
	t.containers++
	var said statement
	if c.compare == nil {
		r, err := newReport(c.set, about, in, c.known.unknown(in, c.set))
		if err != nil {
			return err
		}
		if r.Outcome == policy.Denied {
			t.bad++
		}
		if c.json == nil {
			r.Notes = c.news(about.File, r.Notes)
		}
		said = r
	} else {
		r, err := compare(c.set, c.compare, about, in)
		if err != nil || r == nil {
			return err
		}
		t.bad++
		said = r
	}
	if c.json != nil {
		return c.json.Encode(said)
	}
	said.text(c.print)
	return c.print.err
}

// news are the notes that were not printed yet: the containers of a file have
// most in common.
func (c *checker) news(file string, notes []string) []string {
	var out []string
	for _, n := range notes {
		if key := file + "\n" + n; !c.noted[key] {
			c.noted[key] = true
			out = append(out, n)
		}
	}
	return out
}

// tally counts what makes the exit status.
type tally struct {
	containers int
	bad        int // denied, or changed
	failed     bool
}

func (t *tally) exit() error {
	switch {
	case t.failed:
		return exitError
	case t.bad > 0:
		return exitDenied
	default:
		return nil
	}
}
