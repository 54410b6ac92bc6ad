package output

import (
	"cmp"
	"io"
	"strings"

	"github.com/specguard/specguard/internal/junit"
)

// JUnit writes the report in JUnit's XML: a suite for each file, in which each container is a test.
// A container that makes the exit status 2 is a failure.
func JUnit(w io.Writer, r *Report) error {
	var s junitSuites
	for i := range r.Containers {
		s.add(r.Containers[i].Place, r.Containers[i].junit())
	}
	for _, e := range r.Errors {
		s.add(e.Place, junit.Case{Name: "read", Error: &junit.Fault{Message: "it could not be judged", Text: e.Text}})
	}
	for _, n := range r.Skipped {
		s.add(n.Place, junit.Case{Name: "skipped", Skipped: &junit.Fault{Message: n.Text}})
	}
	return junit.Write(w, s.suites)
}

type junitSuites struct {
	suites []junit.Suite
	of     map[string]int // by the file
}

func (s *junitSuites) add(p Place, c junit.Case) {
	name := cmp.Or(p.File, "standard input")
	c.Class, c.File, c.Line = name, p.File, p.Line
	if s.of == nil {
		s.of = make(map[string]int)
	}
	at, known := s.of[name]
	if !known {
		at = len(s.suites)
		s.of[name] = at
		s.suites = append(s.suites, junit.Suite{Name: name})
	}
	s.suites[at].Cases = append(s.suites[at].Cases, c)
}

func (c *Container) junit() junit.Case {
	var text strings.Builder
	for _, f := range c.Findings {
		text.WriteString(f.String() + ": " + f.Text + "\n")
	}
	out := junit.Case{Name: c.Name}
	switch {
	case c.Fails && c.Message != "":
		out.Failure = &junit.Fault{Message: c.Message, Text: text.String()}
	case c.Fails:
		out.Failure = &junit.Fault{Message: c.Outcome, Text: text.String()}
	default:
		out.Output = text.String()
	}
	return out
}
