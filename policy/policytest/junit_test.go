package policytest

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

func TestWriteJUnit(t *testing.T) {
	files := []File{
		{Name: "a_test.yaml", Results: []Result{
			{Suite: "s", Case: "passes", Line: 8, Took: 1500 * time.Microsecond},
			{Suite: "s", Case: `fails "<&>"`, Line: 12, Took: time.Microsecond, Differences: []Difference{
				{What: "outcome", Expected: "denied", Got: "allowed"}, {What: "violations", Expected: "{rule: \"x\"}\x1b"},
			}},
		}},
		{Name: "b_test.yaml", Err: errors.New("b_test.yaml:1:1: no\nb_test.yaml:2:1: way")},
	}
	const want = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" failures="1" errors="1" time="0.001501">
  <testsuite name="a_test.yaml" tests="2" failures="1" errors="0" time="0.001501">
    <testcase classname="s" name="passes" file="a_test.yaml" line="8" time="0.001500"></testcase>
    <testcase classname="s" name="fails &#34;&lt;&amp;&gt;&#34;" file="a_test.yaml" line="12" time="0.000001">
      <failure message="not as expected: outcome, violations">outcome&#xA;  expected: denied&#xA;  got:      allowed&#xA;violations&#xA;  expected: {rule: &#34;x&#34;}` + "\uFFFD" + `&#xA;  got:      &#xA;</failure>
    </testcase>
  </testsuite>
  <testsuite name="b_test.yaml" tests="1" failures="0" errors="1" time="0.000000">
    <testcase classname="b_test.yaml" name="load" file="b_test.yaml" time="0.000000">
      <error message="the tests could not be run">b_test.yaml:1:1: no&#xA;b_test.yaml:2:1: way</error>
    </testcase>
  </testsuite>
</testsuites>
`
	var out bytes.Buffer
	if err := WriteJUnit(&out, files); err != nil || out.String() != want {
		t.Errorf("%s\nwant\n%s\nerror %v", out.String(), want, err)
	}
	if err := WriteJUnit(full{}, files); err == nil {
		t.Error("no error from a full disk")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }
