package cli

import (
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/specguard/specguard/internal/input"
	"github.com/specguard/specguard/policy"
	"github.com/specguard/specguard/policy/policytest"
)

const testHelp = `Run unit tests of policies: YAML documents of kind PolicyTest, which say what
the policies must decide about a container.

A PATH is a file, a folder, or - for standard input. In a folder and its subfolders, test reads all files
that end in _test.yaml or _test.yml. Do not put them into a policy folder.

A case that cannot be run fails, and does not stop the others.

--coverage lists the rules of the policies that no test reaches, that no test breaks,
and that no test keeps. A rule is tested well if one container breaks it, as the test
gives it, and another one keeps it.

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
	run, junit, color        string
	verbose, watches, covers bool
}

func testCommand() *cobra.Command {
	var f testFlags
	cmd := &cobra.Command{
		Use:   "test PATH...",
		Short: "Run unit tests of policies",
		Long:  testHelp,
		Example: `  specguard test tests
  specguard test -v --run tenants/root tests/tenants_test.yaml
  specguard test --coverage tests
  specguard test --watch tests               # again whenever a file changes
  specguard test --junit junit.xml tests`,
		Args: needs("PATH"),
		RunE: func(cmd *cobra.Command, paths []string) error {
			if f.watches {
				return f.watch(cmd, paths)
			}
			_, err := f.once(cmd, paths)
			return err
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.run, "run", "", "run only cases whose DOCUMENT/CASE the regular expression matches")
	fs.StringVar(&f.junit, "junit", "", "write a report in JUnit's XML to this file")
	addColor(fs, &f.color)
	fs.BoolVar(&f.watches, "watch", false, "run the tests again whenever a file changes, until Ctrl-C")
	fs.BoolVar(&f.covers, "coverage", false, "show which rules of the policies no test reaches")
	fs.BoolVarP(&f.verbose, "verbose", "v", false, "name the cases that pass")
	return cmd
}

// once runs the tests once, and returns which other files they read.
func (f *testFlags) once(cmd *cobra.Command, paths []string) (inputs []string, err error) {
	only, err := regexp.Compile(f.run)
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	p, err := newPrinter(cmd.OutOrStdout(), f.color)
	if err != nil {
		return nil, err
	}
	names, err := testFiles(paths)
	if err != nil {
		return nil, err
	}
	var files []policytest.File
	warned := make(map[policy.Warning]bool) // the tests of several files may be of the same policies
	for _, name := range names {
		file, err := runTests(cmd.InOrStdin(), name, only)
		if err != nil {
			return inputs, err
		}
		printTests(p, &file, f.verbose)
		for _, w := range file.Warnings {
			if !warned[w] {
				warned[w] = true
				warn(cmd.ErrOrStderr(), w)
			}
		}
		printTestErrors(cmd.ErrOrStderr(), &file)
		files, inputs = append(files, file), append(inputs, file.Inputs...)
	}
	if f.covers {
		printCoverage(p, files)
	}
	passed := printSummary(p, files)
	if f.junit != "" {
		if err := writeJUnit(f.junit, files); err != nil {
			return inputs, err
		}
	}
	switch {
	case p.err != nil:
		return inputs, p.err
	case !passed:
		return inputs, exitError
	default:
		return inputs, nil
	}
}

// testFiles are the test files at the paths; - is standard input.
func testFiles(paths []string) ([]string, error) {
	var out []string
	for _, p := range paths {
		found := []string{p}
		if p != "-" {
			var err error
			if found, err = policytest.Files(p); err != nil {
				return nil, err
			}
		}
		out = append(out, found...)
	}
	return out, nil
}

// runTests runs a file; - is standard input, as if it were a file in the working directory.
func runTests(stdin io.Reader, name string, only *regexp.Regexp) (policytest.File, error) {
	if name != "-" {
		return policytest.Run(name, only), nil
	}
	data, err := input.ReadAll(stdin)
	if err != nil {
		return policytest.File{}, fmt.Errorf("-: %w", err)
	}
	return policytest.RunData(name, data, only), nil
}

// printTestErrors prints why tests could not be run, a line for each fault.
func printTestErrors(w io.Writer, f *policytest.File) {
	if f.Err != nil {
		fmt.Fprintln(w, f.Err)
	}
	for i := range f.Results {
		if err := f.Results[i].Err; err != nil {
			fmt.Fprintln(w, err)
		}
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
