package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/specguard/specguard/internal/app"
	"github.com/specguard/specguard/internal/input"
	"github.com/specguard/specguard/internal/oneline"
	"github.com/specguard/specguard/internal/output"
	"github.com/specguard/specguard/internal/reload"
	"github.com/specguard/specguard/policy"
)

const policyDirUsage = "folder of policy files, or one file; - for standard input"

// checkerFlags are the flags of every command that judges containers.
type checkerFlags struct{ compare, output, color string }

// add adds the flags of a command that has those outputs.
func (f *checkerFlags) add(fs *pflag.FlagSet, outputs ...string) {
	fs.StringVar(&f.compare, "compare", "", "a second set of policies (a folder, a file, or -): show which decisions it would change")
	fs.StringVarP(&f.output, "output", "o", "text", "one of "+strings.Join(outputs, ", "))
	fs.StringVar(&f.color, "color", "auto", "auto, always or never")
}

// checker judges containers and prints the decisions.
type checker struct {
	cmd      *cobra.Command
	set      *policy.Set
	compare  *policy.Set // nil without --compare
	quiet    bool        // print only containers that make the exit status 2
	print    *printer
	json     *json.Encoder   // nil for text
	noted    map[string]bool // notes that were printed, by file
	tally    tally
	progress *progress // of long work

	// collected is what is written in the format for another program; nil without one.
	collected *output.Report
	format    *format
}

func (f *checkerFlags) checker(cmd *cobra.Command, dir string, builtin policy.Builtin, outputs ...string) (*checker, error) {
	if !slices.Contains(outputs, f.output) {
		return nil, fmt.Errorf("output %q is not one of %s", f.output, strings.Join(outputs, ", "))
	}
	c := &checker{cmd: cmd, noted: make(map[string]bool)}
	if dir == "-" && f.compare == "-" {
		return nil, errors.New("standard input cannot be both sets of policies")
	}
	var err error
	if c.set, err = readPolicies(cmd, dir, builtin); err != nil {
		return nil, err
	}
	if f.compare != "" {
		if c.compare, err = readPolicies(cmd, f.compare, builtin); err != nil {
			return nil, err
		}
	}
	if f.output == "json" {
		c.json = json.NewEncoder(cmd.OutOrStdout())
		c.json.SetEscapeHTML(false)
	}
	c.print, err = newPrinter(cmd.OutOrStdout(), f.color)
	return c, err
}

// readPolicies reads policies as the agent does, or from standard input.
func readPolicies(cmd *cobra.Command, dir string, builtin policy.Builtin) (*policy.Set, error) {
	if dir != "-" {
		folder, err := openPolicies(dir, builtin)
		if err != nil {
			return nil, err
		}
		set := folder.Current()
		warnOf(cmd.ErrOrStderr(), set, time.Now(), folder.Ignored()...)
		warnOfBuiltin(cmd.ErrOrStderr(), set, dir)
		return set, nil
	}
	data, err := input.ReadAll(cmd.InOrStdin())
	if err != nil {
		return nil, fmt.Errorf("-: %w", err)
	}
	set, err := policy.Compile(policy.Source{Name: "-", Data: data})
	if err == nil && len(set.Names()) == 0 {
		return nil, errors.New("-: holds no policy")
	}
	if err == nil {
		warnOf(cmd.ErrOrStderr(), set, time.Now())
	}
	return set, err
}

// aboutPolicies reads what a command that tells of policies needs: them, and where it prints.
func aboutPolicies(cmd *cobra.Command, dir, output, color string) (*printer, *policy.Set, error) {
	if err := checkOutput(output); err != nil {
		return nil, nil, err
	}
	p, err := newPrinter(cmd.OutOrStdout(), color)
	if err != nil {
		return nil, nil, err
	}
	set, err := readPolicies(cmd, dir, policy.DefaultBuiltin())
	return p, set, err
}

// openPolicies reads policies as the agent does.
func openPolicies(dir string, builtin policy.Builtin) (*reload.Folder, error) {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return reload.Open(dir, dir == app.DefaultPolicyDir, builtin, log)
}

// currentPolicies are the policies that are in force then.
func currentPolicies(dir string, builtin policy.Builtin) (*policy.Set, error) {
	folder, err := openPolicies(dir, builtin)
	if err != nil {
		return nil, err
	}
	return folder.Current(), nil
}

func (c *checker) fail(err error) {
	c.progress.clear()
	c.tally.failed++
	fmt.Fprintln(c.cmd.ErrOrStderr(), oneline.Of(err.Error()))
}

// statement is what is said about one container.
type statement interface {
	// count counts the container, and tells whether it makes the exit status 2.
	count(t *tally) bool

	text(p *printer)
}

// sets are all the policies that judge.
func (c *checker) sets() []*policy.Set {
	if c.compare == nil {
		return []*policy.Set{c.set}
	}
	return []*policy.Set{c.set, c.compare}
}

// container judges a container and prints the decision.
func (c *checker) container(about about, in *input.Container) error {
	s, err := c.judge(about, in)
	if err != nil {
		return err
	}
	return c.say(s)
}

// judge judges a container: a *report, or with --compare a *comparison. It can be called several
// times at once.
func (c *checker) judge(about about, in *input.Container) (statement, error) {
	if c.compare != nil {
		return compare(c.set, c.compare, about, in)
	}
	return newReport(c.set, about, in)
}

// say counts and prints a decision.
func (c *checker) say(s statement) error {
	fails := s.count(&c.tally)
	if r, is := s.(*report); is && c.collected != nil {
		c.collect(r, fails)
		return nil
	}
	if !fails && (c.quiet || c.compare != nil) {
		return nil
	}
	if c.json != nil {
		return c.json.Encode(s)
	}
	if r, is := s.(*report); is && r.File != "" {
		r.Notes = c.unprinted(r.File, r.Notes)
	}
	s.text(c.print)
	return c.print.err
}

// unprinted are the notes that were not printed yet: the containers of a file have
// most in common.
func (c *checker) unprinted(file string, notes []string) []string {
	var out []string
	for _, n := range notes {
		if key := file + "\n" + n; !c.noted[key] {
			c.noted[key] = true
			out = append(out, n)
		}
	}
	return out
}
