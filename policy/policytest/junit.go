package policytest

import (
	"fmt"
	"io"
	"strings"

	"github.com/specguard/specguard/internal/junit"
)

// WriteJUnit writes a JUnit report: a suite for each file. A file whose tests
// could not be run has a case more, with an error.
func WriteJUnit(w io.Writer, files []File) error {
	var suites []junit.Suite
	for i := range files {
		suites = append(suites, suiteOf(&files[i]))
	}
	return junit.Write(w, suites)
}

func suiteOf(f *File) junit.Suite {
	s := junit.Suite{Name: f.Name}
	if f.Err != nil {
		s.Cases = []junit.Case{{
			Class: f.Name, Name: "load", File: f.Name,
			Error: &junit.Fault{Message: "the tests could not be run", Text: f.Err.Error()},
		}}
	}
	for _, r := range f.Results {
		c := junit.Case{Class: r.Suite, Name: r.Case, File: f.Name, Line: r.Line, Took: r.Took}
		switch {
		case r.Err != nil:
			c.Error = &junit.Fault{Message: "the case cannot be run", Text: r.Err.Error()}
		case !r.Passed():
			c.Failure = failureOf(r.Differences)
		}
		s.Cases = append(s.Cases, c)
	}
	return s
}

func failureOf(differences []Difference) *junit.Fault {
	var names []string
	var text strings.Builder
	for _, d := range differences {
		names = append(names, d.What)
		fmt.Fprintf(&text, "%s\n  expected: %s\n  got:      %s\n", d.What, d.Expected, d.Got)
	}
	return &junit.Fault{Message: "not as expected: " + strings.Join(names, ", "), Text: text.String()}
}
