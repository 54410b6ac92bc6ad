package cli

import (
	"fmt"
	"os"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/specguard/specguard/policy"
	"github.com/specguard/specguard/policy/policytest"
)

const testHelp = `Run unit tests of policies: YAML documents of kind PolicyTest, which say what
the policies must decide about a container.

A PATH is a file or a folder. In a folder and its subfolders, test reads all files
that end in _test.yaml or _test.yml. Do not put them into a policy folder.

  apiVersion: specguard.dev/v1beta1
  kind: PolicyTest
  metadata: {name: tenants}
  spec:
    policies: [../policies]             # relative to this file
    cases:
      - name: root becomes another user
        given:
          pod:
            metadata: {namespace: team-a}
            spec: {containers: [{name: app, image: nginx}]}
        expect:
          outcome: adjusted             # allowed, adjusted, denied
          spec: {process: {user: {uid: 65532}}}

Exit status 0: all pass. 1: at least one failed, or could not be run.`

// testFlags are the flags of test.
type testFlags struct {
	run, junit, color string
	verbose           bool
}

func testCommand() *cobra.Command {
	var f testFlags
	cmd := &cobra.Command{
		Use:   "test PATH...",
		Short: "Run unit tests of policies",
		Long:  testHelp,
		Example: `  specguard test tests
  specguard test -v --run tenants/root tests/tenants_test.yaml
  specguard test --junit junit.xml tests`,
		Args: needs("PATH"),
		RunE: f.test,
	}
	fs := cmd.Flags()
	fs.StringVar(&f.run, "run", "", "run only cases whose DOCUMENT/CASE the regular expression matches")
	fs.StringVar(&f.junit, "junit", "", "write a report in JUnit's XML to this file")
	addColor(fs, &f.color)
	fs.BoolVarP(&f.verbose, "verbose", "v", false, "name the cases that pass")
	return cmd
}

func (f *testFlags) test(cmd *cobra.Command, paths []string) error {
	only, err := regexp.Compile(f.run)
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	p, err := newPrinter(cmd.OutOrStdout(), f.color)
	if err != nil {
		return err
	}
	names, err := policytest.Files(paths...)
	if err != nil {
		return err
	}
	var files []policytest.File
	warned := make(map[policy.Warning]bool) // the tests of several files may be of the same policies
	for _, name := range names {
		file := policytest.Run(name, only)
		printTests(p, &file, f.verbose)
		for _, w := range file.Warnings {
			if !warned[w] {
				warned[w] = true
				warn(cmd.ErrOrStderr(), w)
			}
		}
		if file.Err != nil {
			fmt.Fprintln(cmd.ErrOrStderr(), file.Err)
		}
		files = append(files, file)
	}
	passed := printSummary(p, files)
	if f.junit != "" {
		if err := writeJUnit(f.junit, files); err != nil {
			return err
		}
	}
	switch {
	case p.err != nil:
		return p.err
	case !passed:
		return exitError
	default:
		return nil
	}
}

func writeJUnit(path string, files []policytest.File) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := policytest.WriteJUnit(f, files); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return f.Close()
}
