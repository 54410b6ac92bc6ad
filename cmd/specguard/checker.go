package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/specguard/specguard/plugin/reload"
	"github.com/specguard/specguard/policy"
	"github.com/specguard/specguard/policy/input"
)

// Exit statuses of check and audit.
const (
	exitError  = exitCode(1)
	exitDenied = exitCode(2) // or changed, with --compare; or adjusted, by audit
)

const policyDirUsage = "folder of policy files, or one file; - for standard input"

// checkerFlags are the flags of every command that judges containers.
type checkerFlags struct{ compare, output, color string }

func (f *checkerFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.compare, "compare", "", "second folder of policy files, or one file, or -: show what it would change")
	fs.StringVar(&f.output, "output", "text", "text or json")
	fs.StringVar(&f.color, "color", "auto", "auto, always or never")
}

// checker judges containers and tells of them.
type checker struct {
	cmd     *cobra.Command
	known   *known // what flags tell of the containers; nil where nothing needs to be told
	set     *policy.Set
	compare *policy.Set // nil without --compare
	print   *printer
	json    *json.Encoder   // nil for text
	noted   map[string]bool // notes that were printed, by file
	strict  bool            // a container that would be adjusted counts like a denied one
	tally   tally
}

// tally counts what makes the exit status.
type tally struct {
	containers int
	bad        int
	failed     int // not judged

	// outcomes are what becomes of containers, and ifEnforced what would if
	// policies in mode audit were enforced; without --compare.
	outcomes, ifEnforced outcomes
}

// outcomes counts what does not comply.
type outcomes struct{ denied, adjusted int }

func (n *outcomes) add(o policy.Outcome) {
	switch o {
	case policy.Denied:
		n.denied++
	case policy.Adjusted:
		n.adjusted++
	}
}

func (n outcomes) String() string {
	return fmt.Sprintf("%d would be denied, %d adjusted", n.denied, n.adjusted)
}

func (t *tally) exit() error {
	switch {
	case t.failed > 0:
		return exitError
	case t.bad > 0:
		return exitDenied
	default:
		return nil
	}
}

func (f *checkerFlags) checker(cmd *cobra.Command, dir string) (*checker, error) {
	c := &checker{cmd: cmd, noted: make(map[string]bool)}
	var err error
	if c.set, err = readPolicies(dir, cmd.InOrStdin()); err != nil {
		return nil, err
	}
	if f.compare != "" {
		if c.compare, err = readPolicies(f.compare, cmd.InOrStdin()); err != nil {
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

// readPolicies reads policies as the agent does, or from standard input.
func readPolicies(dir string, stdin io.Reader) (*policy.Set, error) {
	if dir != "-" {
		return openPolicies(dir)
	}
	data, err := input.ReadAll(stdin)
	if err != nil {
		return nil, fmt.Errorf("-: %w", err)
	}
	set, err := policy.Compile(policy.Source{Name: "-", Data: data})
	if err == nil && len(set.Names()) == 0 {
		return nil, errors.New("-: holds no policy")
	}
	return set, err
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

func (c *checker) fail(err error) {
	c.tally.failed++
	fmt.Fprintln(c.cmd.ErrOrStderr(), err)
}

// statement is what is said about one container.
type statement interface{ text(p *printer) }

// sets are all the policies that judge.
func (c *checker) sets() []*policy.Set {
	if c.compare == nil {
		return []*policy.Set{c.set}
	}
	return []*policy.Set{c.set, c.compare}
}

// container judges a container and tells of it.
func (c *checker) container(about about, in *input.Container) error {
	c.tally.containers++
	if c.compare != nil {
		return c.changes(about, in)
	}
	r, err := newReport(c.set, about, in)
	if err != nil {
		return err
	}
	c.tally.outcomes.add(r.Outcome)
	if r.IfEnforced != nil {
		c.tally.ifEnforced.add(r.IfEnforced.Outcome)
	}
	if r.Outcome == policy.Denied || c.strict && r.Outcome == policy.Adjusted {
		c.tally.bad++
	}
	if c.known != nil {
		r.Unknown = c.known.unknown(in, c.set)
	}
	if c.json == nil {
		r.Notes = c.news(about.File, r.Notes)
	}
	return c.say(r)
}

// changes tells of a container if the other policies decide otherwise.
func (c *checker) changes(about about, in *input.Container) error {
	r, err := compare(c.set, c.compare, about, in)
	if err != nil || r == nil {
		return err
	}
	c.tally.bad++
	return c.say(r)
}

// sumChanges tells how many containers change; machines can count themselves.
func (c *checker) sumChanges() {
	if c.json == nil {
		c.print.line(plain, "%d of %d containers would change", c.tally.bad, c.tally.containers)
	}
}

func (c *checker) say(s statement) error {
	if c.json != nil {
		return c.json.Encode(s)
	}
	s.text(c.print)
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
