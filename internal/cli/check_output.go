package cli

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/specguard/specguard/internal/inputfiles"
	"github.com/specguard/specguard/internal/manifest"
	"github.com/specguard/specguard/internal/output"
)

// format is how decisions are written for other programs, all together at the end.
type format struct {
	name    string
	write   func(io.Writer, *output.Report) error
	summary bool // it has the summary
}

func formats() []format {
	return []format{{"sarif", output.SARIF, false}, {"junit", output.JUnit, false}, {"github", output.GitHub, true}}
}

// formatNames are the names of all outputs of check.
func formatNames() []string {
	names := []string{"text", "json"}
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// setFormat makes the checker collect decisions for another program.
func (c *checker) setFormat(name, version string) error {
	all := formats()
	at := slices.IndexFunc(all, func(f format) bool { return f.name == name })
	if at < 0 {
		return nil
	}
	if c.compare != nil {
		return errors.New("--compare works with --output text and json only")
	}
	c.format, c.collected = &all[at], &output.Report{Version: version}
	return nil
}

// inReport is a place as reports have it: standard input has no file.
func inReport(p output.Place) output.Place {
	if p.File == inputfiles.Standard {
		p.File = ""
	}
	return p
}

// collect adds a decision to those for another program. With --quiet, only one that makes the exit
// status 2.
func (c *checker) collect(r *report, fails bool) {
	if c.quiet && !fails {
		return
	}
	out := output.Container{
		Place: inReport(r.place("", "")), Name: strings.TrimPrefix(r.title(), r.File+": "),
		Outcome: string(r.Outcome), Fails: fails, Message: r.Message,
	}
	if r.uncovered() {
		out.Outcome = "not judged: no policy matches"
	}
	out.Findings = findings(r, &c.tally.failOn)
	c.collected.Containers = append(c.collected.Containers, out)
}

// problem is an error, or what is skipped, in a file.
func problem(file string, err error) output.Problem {
	p := output.Problem{Place: inReport(output.Place{File: file}), Text: strings.TrimPrefix(err.Error(), file+": ")}
	if fault := new(manifest.Error); errors.As(err, &fault) {
		p.Line, p.Column, p.Text = fault.Line, fault.Column, fault.Msg
	}
	return p
}
