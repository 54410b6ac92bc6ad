package policytest

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// The elements of a JUnit report, as far as CI systems read them.
type (
	junitReport struct {
		XMLName xml.Name `xml:"testsuites"`
		junitCounts
		Suites []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name string `xml:"name,attr"`
		junitCounts
		Cases []junitCase `xml:"testcase"`
	}
	junitCounts struct {
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Errors   int    `xml:"errors,attr"`
		Time     string `xml:"time,attr"`
	}
	junitCase struct {
		Class   string      `xml:"classname,attr"`
		Name    string      `xml:"name,attr"`
		File    string      `xml:"file,attr"`
		Line    int         `xml:"line,attr,omitempty"`
		Time    string      `xml:"time,attr"`
		Failure *junitFault `xml:"failure"`
		Error   *junitFault `xml:"error"`
	}
	junitFault struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes a JUnit report: a suite for each file. A file whose tests
// could not be run has one case, with an error.
func WriteJUnit(w io.Writer, files []File) error {
	var report junitReport
	var all time.Duration
	for i := range files {
		s, took := junitSuiteOf(&files[i])
		report.Tests += s.Tests
		report.Failures += s.Failures
		report.Errors += s.Errors
		report.Suites = append(report.Suites, s)
		all += took
	}
	report.Time = seconds(all)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(report); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func junitSuiteOf(f *File) (junitSuite, time.Duration) {
	s := junitSuite{Name: f.Name}
	if f.Err != nil {
		s.Tests, s.Errors, s.Time = 1, 1, seconds(0)
		s.Cases = []junitCase{{
			Class: f.Name, Name: "load", File: f.Name, Time: seconds(0),
			Error: &junitFault{Message: "the tests could not be run", Text: f.Err.Error()},
		}}
		return s, 0
	}
	var took time.Duration
	for _, r := range f.Results {
		c := junitCase{Class: r.Suite, Name: r.Case, File: f.Name, Line: r.Line, Time: seconds(r.Took)}
		if !r.Passed() {
			c.Failure = junitFailure(r.Differences)
		}
		s.Cases = append(s.Cases, c)
		took += r.Took
	}
	s.Tests, s.Failures, s.Time = len(s.Cases), f.Failed(), seconds(took)
	return s, took
}

func junitFailure(differences []Difference) *junitFault {
	var names []string
	var text strings.Builder
	for _, d := range differences {
		names = append(names, d.What)
		fmt.Fprintf(&text, "%s\n  expected: %s\n  got:      %s\n", d.What, d.Expected, d.Got)
	}
	return &junitFault{Message: "not as expected: " + strings.Join(names, ", "), Text: text.String()}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.6f", d.Seconds()) }
