// Package junit writes reports in JUnit's XML, as far as CI systems read it.
package junit

import (
	"encoding/xml"
	"fmt"
	"io"
	"time"
)

// Suite is a group of cases.
type Suite struct {
	Name  string
	Cases []Case
}

// Case is one test.
type Case struct {
	Class, Name, File string
	Line              int // 0 if it is not known
	Took              time.Duration

	// At most one of these is not nil. Failure says that something is not as it must be, Error
	// that it could not be tested.
	Failure, Error, Skipped *Fault

	Output string // text to show; "" for none
}

// Fault says what is wrong.
type Fault struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

type (
	xmlReport struct {
		XMLName xml.Name `xml:"testsuites"`
		counts
		Suites []xmlSuite `xml:"testsuite"`
	}
	xmlSuite struct {
		Name string `xml:"name,attr"`
		counts
		Cases []xmlCase `xml:"testcase"`
	}
	counts struct {
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Errors   int    `xml:"errors,attr"`
		Skipped  int    `xml:"skipped,attr,omitempty"`
		Time     string `xml:"time,attr"`

		took time.Duration
	}
	xmlCase struct {
		Class   string `xml:"classname,attr"`
		Name    string `xml:"name,attr"`
		File    string `xml:"file,attr,omitempty"`
		Line    int    `xml:"line,attr,omitempty"`
		Time    string `xml:"time,attr"`
		Failure *Fault `xml:"failure"`
		Error   *Fault `xml:"error"`
		Skipped *Fault `xml:"skipped"`
		Output  string `xml:"system-out,omitempty"`
	}
)

// Write writes a report of the suites.
func Write(w io.Writer, suites []Suite) error {
	var report xmlReport
	for _, s := range suites {
		x := suiteOf(s)
		report.add(x.counts)
		report.Suites = append(report.Suites, x)
	}
	report.Time = seconds(report.took)
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

func (n *counts) add(o counts) {
	n.Tests += o.Tests
	n.Failures += o.Failures
	n.Errors += o.Errors
	n.Skipped += o.Skipped
	n.took += o.took
}

func suiteOf(s Suite) xmlSuite {
	x := xmlSuite{Name: s.Name}
	for _, c := range s.Cases {
		x.add(counts{Tests: 1, Failures: one(c.Failure), Errors: one(c.Error), Skipped: one(c.Skipped), took: c.Took})
		x.Cases = append(x.Cases, xmlCase{
			Class: c.Class, Name: c.Name, File: c.File, Line: c.Line, Time: seconds(c.Took),
			Failure: c.Failure, Error: c.Error, Skipped: c.Skipped, Output: c.Output,
		})
	}
	x.Time = seconds(x.took)
	return x
}

func one(f *Fault) int {
	if f == nil {
		return 0
	}
	return 1
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.6f", d.Seconds()) }
