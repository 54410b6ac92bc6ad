package policytest

import (
	"regexp"
	"slices"
	"time"

	"github.com/specguard/specguard/internal/input"
	"github.com/specguard/specguard/policy"
)

// File is the result of the tests of a file.
type File struct {
	Name    string
	Err     error // why the file, or a document in it, could not be run: one line for each fault
	Results []Result

	// Inputs are the other files and folders that were read.
	Inputs []string

	// Reached says of each rule of its policies which cases there are.
	Reached []Reach

	// Warnings are about its policies, each once.
	Warnings []policy.Warning
}

// Result is the result of one case.
type Result struct {
	Suite, Case string // the name of the document, and of its case
	Line        int    // of the case in the file

	// Err is why the case could not be run: one line for each fault. The case has failed then.
	Err error

	// Differences are what is not as expected; the case has passed if there
	// are none. Decision is what the policies decided; nil if there is an Err.
	Differences []Difference
	Decision    *policy.Decision

	Took time.Duration
}

// Passed reports whether all is as expected.
func (r *Result) Passed() bool { return len(r.Differences) == 0 && r.Err == nil }

// Failed counts the cases that have not passed.
func (f *File) Failed() int {
	n := 0
	for i := range f.Results {
		if !f.Results[i].Passed() {
			n++
		}
	}
	return n
}

// Run runs the tests of a file. If only is not nil, it runs those whose name it matches:
// the document's name, a slash, the case's name. Only the specs in the result contain
// values of environment variables and arguments.
func Run(file string, only *regexp.Regexp) File {
	data, err := input.ReadFile(file)
	if err != nil {
		return File{Name: file, Err: missing(file, err)}
	}
	return RunData(file, data, only)
}

// RunData is Run for a file that was read. Its paths are relative to the file's folder.
func RunData(file string, data []byte, only *regexp.Regexp) File {
	l := &loader{file: file}
	out := File{Name: file, Err: l.load(data), Inputs: l.inputs}
	for _, s := range l.suites {
		for _, w := range s.warnings {
			if !slices.Contains(out.Warnings, w) {
				out.Warnings = append(out.Warnings, w)
			}
		}
		reach := newReach(s.set)
		for i := range s.cases {
			c := &s.cases[i]
			if only != nil && !only.MatchString(s.name+"/"+c.name) {
				continue
			}
			out.Results = append(out.Results, s.run(c))
			if len(c.errs) == 0 {
				reach.add(s.set.Evaluate(c.container.Subject, policy.Fixed))
			}
		}
		out.Reached = append(out.Reached, reach...)
	}
	return out
}

func (s *suite) run(c *readyCase) Result {
	out := Result{Suite: s.name, Case: c.name, Line: c.line, Err: joined(c.errs)}
	if out.Err != nil {
		return out
	}
	start := time.Now()
	out.Decision = s.set.Evaluate(c.container.Subject, policy.Complete)
	out.Differences, out.Took = c.expect.differences(c.container, out.Decision), time.Since(start)
	return out
}
