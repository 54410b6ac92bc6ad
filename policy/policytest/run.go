package policytest

import (
	"regexp"
	"slices"
	"time"

	"github.com/specguard/specguard/policy"
)

// File is the result of the tests of a file.
type File struct {
	Name    string
	Err     error // why the tests could not be run: one line for each fault
	Results []Result

	// Warnings are about its policies, each once.
	Warnings []policy.Warning
}

// Result is the result of one case.
type Result struct {
	Suite, Case string // the name of the document, and of its case
	Line        int    // of the case in the file

	// Differences are what is not as expected; the case has passed if there
	// are none. Decision is what the policies decided.
	Differences []Difference
	Decision    *policy.Decision

	Took time.Duration
}

// Passed reports whether all is as expected.
func (r *Result) Passed() bool { return len(r.Differences) == 0 }

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
	out := File{Name: file}
	suites, err := load(file)
	if err != nil {
		out.Err = err
		return out
	}
	for _, s := range suites {
		for _, w := range s.warnings {
			if !slices.Contains(out.Warnings, w) {
				out.Warnings = append(out.Warnings, w)
			}
		}
		for i := range s.cases {
			if only == nil || only.MatchString(s.name+"/"+s.cases[i].name) {
				out.Results = append(out.Results, s.run(&s.cases[i]))
			}
		}
	}
	return out
}

func (s *suite) run(c *readyCase) Result {
	start := time.Now()
	d := s.set.Evaluate(c.container.Subject, policy.Complete)
	return Result{
		Suite: s.name, Case: c.name, Line: c.line,
		Decision: d, Differences: c.expect.differences(c.container, d), Took: time.Since(start),
	}
}
