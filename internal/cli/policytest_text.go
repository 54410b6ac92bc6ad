package cli

import (
	"fmt"

	"github.com/specguard/specguard/internal/decisionlog"
	"github.com/specguard/specguard/policy/policytest"
)

// printTests prints what became of a file's tests.
func printTests(p *printer, f *policytest.File, verbose bool) {
	switch {
	case f.Err != nil:
		p.line(red.bold(), "ERROR %s", f.Name)
	case len(f.Results) == 0:
		return
	case f.Failed() > 0:
		p.line(red.bold(), "FAIL  %s (%d of %s)", f.Name, f.Failed(), count(len(f.Results), "case"))
	default:
		p.line(green, "ok    %s (%s)", f.Name, count(len(f.Results), "case"))
	}
	for i := range f.Results {
		r := &f.Results[i]
		if r.Passed() {
			if verbose {
				p.line(green, "  pass %s/%s", r.Suite, r.Case)
			}
			continue
		}
		if r.Err != nil {
			p.line(red, "  ERROR %s/%s (line %d): it cannot be run", r.Suite, r.Case, r.Line)
			continue
		}
		p.line(red, "  FAIL %s/%s (line %d; - expected, + got)", r.Suite, r.Case, r.Line)
		printDifferences(p, r)
	}
}

func printDifferences(p *printer, r *policytest.Result) {
	for _, d := range r.Differences {
		p.line(plain, "    %s", d.What)
		if d.Expected != "" {
			p.line(green, "      - %s", d.Expected)
		}
		if d.Got != "" {
			p.line(red, "      + %s", d.Got)
		}
	}
	p.line(faint, "    the decision: %s", r.Decision.Outcome())
	for _, l := range sentences(decisionlog.ResultsOf(r.Decision)) {
		p.line(faint, "      %s", l.text)
	}
}

// printSummary prints the sum of all and reports whether there were tests and
// all passed.
func printSummary(p *printer, files []policytest.File) bool {
	cases, failed, errors := 0, 0, 0
	for i := range files {
		cases += len(files[i].Results)
		failed += files[i].Failed()
		if files[i].Err != nil {
			errors++
		}
	}
	switch {
	case failed > 0 || errors > 0:
		text := fmt.Sprintf("FAILED: %d of %s", failed, count(cases, "case"))
		if errors > 0 {
			text += ", " + count(errors, "file") + " not run"
		}
		p.line(red.bold(), "%s", text)
		return false
	case cases == 0:
		p.line(red.bold(), "FAILED: no case has that name")
		return false
	default:
		p.line(green.bold(), "passed: %s", count(cases, "case"))
		return true
	}
}

func count(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}
