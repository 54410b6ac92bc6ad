package output

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// full has one of everything, and texts that are hard to write.
func full() *Report {
	at := func(file string, line, column int) Place { return Place{File: file, Line: line, Column: column} }
	return &Report{
		Version: "v1", Summary: []string{"3 containers", "::error::x", "kind ##[error]x\n::stop"},
		Containers: []Container{
			{Place: at("k8s/a b.yaml", 3, 5), Name: "Pod/a container app", Outcome: "denied", Fails: true, Message: "specguard: denied", Findings: []Finding{
				{Place: at("k8s/a b.yaml", 4, 7), Level: Error, Policy: "p", Rule: "capabilities", Text: "denied by p: \"<&>\" 100%, a\nb"},
				{Place: at("k8s/a b.yaml", 5, 7), Level: Note, Policy: "p", Rule: "hostPaths", Text: "excepted", Excuse: "legacy"},
				{Place: at("k8s/a b.yaml", 4, 7), Level: Warning, Policy: "q", Rule: "capabilities", Text: "adjusted"},
			}},
			{Place: at("/elsewhere/ü.yaml", 1, 1), Name: "Pod/b container app", Outcome: "not judged", Fails: true, Findings: []Finding{
				{Place: at("/elsewhere/ü.yaml", 1, 1), Level: Note, Rule: Uncovered, Text: "not judged"},
			}},
			{Name: "Pod/c container ,x:", Outcome: "allowed", Findings: []Finding{{Level: Note, Policy: "p", Rule: "env", Text: "audit"}}},
			{Name: "Pod/d container app", Outcome: "allowed"},
		},
		Errors:  []Problem{{at("k8s/a b.yaml", 9, 2), "not a list"}, {Place{}, "no file"}},
		Skipped: []Problem{{at("k8s/s.yaml", 0, 0), "Service"}, {Place{}, "x"}},
	}
}

func write(t *testing.T, f func(io.Writer, *Report) error, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestSARIF: what is written is valid by the schema, and names places as paths of the repository.
func TestSARIF(t *testing.T) {
	schema, err := os.Open("testdata/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	defer schema.Close()
	doc, err := jsonschema.UnmarshalJSON(schema)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(sarifSchema, doc); err != nil {
		t.Fatal(err)
	}
	valid, err := c.Compile(sarifSchema)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*Report{"full": full(), "empty": {}} {
		text := write(t, SARIF, r)
		instance, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := valid.Validate(instance); err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
	if err := valid.Validate(map[string]any{"version": "2.1.0"}); err == nil {
		t.Error("the schema takes anything")
	}

	var got sarifLog
	if err := json.Unmarshal([]byte(write(t, SARIF, full())), &got); err != nil {
		t.Fatal(err)
	}
	run := got.Runs[0]
	if len(run.Results) != 7 || len(run.Tool.Driver.Rules) != 5 || run.Invocations[0].Successful || len(run.Invocations[0].Notifications) != 2 {
		t.Errorf("%+v", run)
	}
	seen := make(map[string]bool)
	for i, want := range []struct{ rule, level, uri string }{
		{"capabilities", "error", "k8s/a%20b.yaml"}, {"hostPaths", "note", "k8s/a%20b.yaml"}, {"capabilities", "warning", "k8s/a%20b.yaml"},
		{Uncovered, "note", "file:///elsewhere/%C3%BC.yaml"}, {"env", "note", ""}, {notJudged, "error", "k8s/a%20b.yaml"}, {notJudged, "error", ""},
	} {
		r, uri := run.Results[i], ""
		if at := r.Locations[0].Physical; at != nil {
			uri = at.Artifact.URI
		}
		if r.Rule != want.rule || r.Level != want.level || uri != want.uri || run.Tool.Driver.Rules[r.Index].ID != want.rule {
			t.Errorf("result %d: %+v, want %+v", i, r, want)
		}
		if print := r.Fingerprints["specguard/v1"]; seen[print] {
			t.Errorf("result %d has the fingerprint of another", i)
		} else {
			seen[print] = true
		}
	}
	if at := run.Results[0].Locations[0]; at.Physical.Region != (sarifRegion{4, 7}) || at.Logical[0].Name != "Pod/a container app" || len(run.Results[1].Suppressions) != 1 {
		t.Errorf("%+v", at)
	}
}

// TestFingerprints stay when lines move.
func TestFingerprints(t *testing.T) {
	a, b := full(), full()
	b.Containers[0].Findings[0].Line++
	prints := func(r *Report) string {
		var log sarifLog
		if err := json.Unmarshal([]byte(write(t, SARIF, r)), &log); err != nil {
			t.Fatal(err)
		}
		return log.Runs[0].Results[0].Fingerprints["specguard/v1"]
	}
	if prints(a) != prints(b) {
		t.Error("a fingerprint depends on the line")
	}
}

func TestJUnit(t *testing.T) {
	text := write(t, JUnit, full())
	var got struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
		Suites   []struct {
			Name  string `xml:"name,attr"`
			Tests int    `xml:"tests,attr"`
			Cases []struct {
				Name    string `xml:"name,attr"`
				Line    int    `xml:"line,attr"`
				Failure *struct {
					Message string `xml:"message,attr"`
					Text    string `xml:",chardata"`
				} `xml:"failure"`
				Error   *struct{} `xml:"error"`
				Skipped *struct{} `xml:"skipped"`
				Output  string    `xml:"system-out"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	tests, failures, errs, skips := 0, 0, 0, 0
	for _, s := range got.Suites {
		if s.Tests != len(s.Cases) {
			t.Errorf("%s: %d tests, %d cases", s.Name, s.Tests, len(s.Cases))
		}
		for _, c := range s.Cases {
			tests++
			for n, is := range map[*int]bool{&failures: c.Failure != nil, &errs: c.Error != nil, &skips: c.Skipped != nil} {
				if is {
					*n++
				}
			}
		}
	}
	if got.Tests != 8 || tests != 8 || got.Failures != 2 || failures != 2 || got.Errors != 2 || errs != 2 || got.Skipped != 2 || skips != 2 || len(got.Suites) != 4 {
		t.Errorf("%d %d %d %d\n%s", tests, failures, errs, skips, text)
	}
	first := got.Suites[0].Cases[0]
	if first.Failure.Message != "specguard: denied" || !strings.HasPrefix(first.Failure.Text, "k8s/a b.yaml:4:7: denied by p: \"<&>\" 100%") || first.Line != 3 {
		t.Errorf("%+v", first)
	}
	if text := write(t, JUnit, &Report{}); !strings.Contains(text, `<testsuites tests="0"`) {
		t.Error(text)
	}
}

// TestGitHub: no text can be a command of its own.
func TestGitHub(t *testing.T) {
	want := `::error file=k8s/a b.yaml,line=4,col=7,title=Pod/a container app::Pod/a container app: denied by p: "<&>" 100%25, a%0Ab
::warning file=k8s/a b.yaml,line=4,col=7,title=Pod/a container app::Pod/a container app: adjusted
::notice file=/elsewhere/ü.yaml,line=1,col=1,title=Pod/b container app::Pod/b container app: not judged
::notice title=Pod/c container %2Cx%3A::Pod/c container ,x:: audit
::error file=k8s/a b.yaml,line=9,col=2,title=not judged::not judged: not a list
::error title=not judged::not judged: no file
3 containers
- ::error::x
kind ## [error]x ::stop
`
	if got := write(t, GitHub, full()); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// TestRelative: paths in the working directory are shown without it.
func TestRelative(t *testing.T) {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		dir + "/a.yaml": "a.yaml", "./a.yaml": "a.yaml", dir + "/../a.yaml": dir + "/../a.yaml", "/a.yaml": "/a.yaml", dir + "/..a": "..a",
	} {
		if got := (Place{File: file}).relative(); got != want {
			t.Errorf("%s: %s, want %s", file, got, want)
		}
	}
}
