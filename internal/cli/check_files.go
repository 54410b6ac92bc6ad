package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"io"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/input"
	"github.com/specguard/specguard/internal/inputfiles"
	"github.com/specguard/specguard/internal/manifest"
	"github.com/specguard/specguard/internal/output"
)

// fileReader reads files and lets the checker judge the containers that they describe.
type fileReader struct {
	flags   *checkFlags
	checker *checker
	users   *imageUsers
	around  *inputfiles.Around
	skipped skipped
}

// judgedFile is what a file came to.
type judgedFile struct {
	path    string
	said    []statement
	errs    []error
	skipped []skip
	objects int
}

// check judges the containers of all files, prints the decisions and a summary.
func (r *fileReader) check(args []string) error {
	found := inputfiles.Find(args)
	r.around = inputfiles.NewAround()
	for _, err := range found.Errs {
		r.fail("", err)
	}
	for _, s := range found.Skipped {
		r.skip(skip{file: s.Path, reason: s.Reason})
	}
	objects := 0
	r.checker.progress = newProgress(r.checker.cmd, "files")
	defer r.checker.progress.clear()
	for file := range inOrder(found.Files, r.judge) {
		r.checker.progress.step()
		for _, s := range file.said {
			if err := r.checker.say(s); err != nil {
				return err
			}
		}
		for _, err := range file.errs {
			r.fail(file.path, err)
		}
		for _, s := range file.skipped {
			r.skip(s)
		}
		objects += file.objects
	}
	for _, flag := range r.users.unused() {
		warn(r.checker.cmd.ErrOrStderr(), flag+" does nothing: no container has this image")
	}
	return r.finish(objects, found.Searched)
}

// finish prints the summary, and what is for another program.
func (r *fileReader) finish(objects int, searched bool) error {
	c := r.checker
	if c.collected != nil {
		c.collected.Summary = append([]string{c.sum(objects)}, r.skipped.lines()...)
		if err := c.format.write(c.cmd.OutOrStdout(), c.collected); err != nil {
			return err
		}
	}
	if c.tally.containers < 2 && (c.compare == nil || c.tally.containers == 0) && !searched && !r.skipped.any() && !c.quiet {
		return nil
	}
	return c.sumCheck(objects, &r.skipped)
}

// skip counts what is skipped. With --strict, it is an error.
func (r *fileReader) skip(s skip) {
	r.skipped.add(s)
	at := output.Place{File: s.file, Line: s.line, Column: s.column}
	if r.flags.strict {
		r.fail(s.file, fmt.Errorf("%s: skipped: %s", at, s.text()))
	} else if to := r.checker.collected; to != nil {
		to.Skipped = append(to.Skipped, output.Problem{Place: inReport(at), Text: s.text()})
	}
}

// fail counts and prints an error in a file.
func (r *fileReader) fail(file string, err error) {
	r.checker.fail(err)
	if to := r.checker.collected; to != nil {
		to.Errors = append(to.Errors, problem(file, err))
	}
}

// judge judges the containers of a file. Several files are judged at once.
func (r *fileReader) judge(f inputfiles.File) (out judgedFile) {
	out.path = f.Path
	mayBeOther := !f.Named || r.flags.skipOthers
	data, err := readInput(f.Path, r.checker.cmd.InOrStdin())
	if err != nil {
		out.errs = []error{fmt.Errorf("%s: %w", f.Path, err)}
		return out
	}
	if reason := r.around.Unfinished(f.Path, data); reason != "" {
		if mayBeOther {
			out.skipped = []skip{{file: f.Path, reason: reason}}
		} else {
			out.errs = []error{fmt.Errorf("%s: is a %s", f.Path, reason)}
		}
		return out
	}
	parsed := parse(f.Path, data, manifest.WithImageUsers(r.users.of))
	if mayBeOther && len(parsed.Errs) > 0 && !seemsInput(data) {
		out.skipped = []skip{{file: f.Path, reason: "no Kubernetes object and no container"}}
		return out
	}
	out.errs = parsed.Errs
	for _, s := range parsed.Skipped {
		out.skipped = append(out.skipped, skip{
			file: f.Path, line: s.Line, column: s.Column, kind: s.Kind, name: s.Name, reason: cmp.Or(s.Reason, "no containers"),
		})
	}
	objects := make(map[int]bool)
	for i := range parsed.Containers {
		in := &parsed.Containers[i]
		r.flags.complete(in)
		if in.Object != "" {
			objects[in.Number()] = true
		}
		about := aboutContainer(f.Path, parsed.Containers, i)
		s, err := r.container(about, in)
		if err != nil {
			out.errs = append(out.errs, fmt.Errorf("%s: %w", about.title(), err))
			continue
		}
		out.said = append(out.said, s)
	}
	out.objects = len(objects)
	return out
}

// container judges a container of a file.
func (r *fileReader) container(about about, in *input.Container) (statement, error) {
	if r.flags.seccompDir != "" {
		if err := in.UseSeccompDir(r.flags.seccompDir); err != nil {
			return nil, err
		}
	}
	s, err := r.checker.judge(about, in)
	if report, ok := s.(*report); ok && err == nil {
		report.Unknown = r.flags.unknown(in, r.checker.set)
		report.locate(in)
		if report.uncovered() {
			report.Elsewhere = elsewhereOf(r.checker.set, &in.Subject)
		}
	}
	return s, err
}

// seemsInput tells whether the data is or was meant to be what input can read.
func seemsInput(data []byte) bool {
	if manifest.Is(data) {
		return true
	}
	has := func(word string) bool { return bytes.Contains(data, []byte(word)) }
	broken := yaml.Unmarshal(data, new(yaml.Node)) != nil
	return has(`"ociVersion"`) || broken && has("apiVersion") && has("kind")
}

// readInput reads a file; - is standard input.
func readInput(file string, stdin io.Reader) ([]byte, error) {
	if file == inputfiles.Standard {
		return input.ReadAll(stdin)
	}
	data, err := input.ReadFile(file)
	return data, withoutPath(err)
}
