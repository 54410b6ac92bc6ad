package cli

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"

	"github.com/specguard/specguard/internal/breakage"
	"github.com/specguard/specguard/internal/decisionlog"
	"github.com/specguard/specguard/policy"
)

// outcomeStyle is the color of an outcome.
func outcomeStyle(o policy.Outcome) style {
	switch o {
	case policy.Denied:
		return red.bold()
	case policy.Adjusted:
		return yellow.bold()
	default:
		return green.bold()
	}
}

func (r *report) text(p *printer) {
	if r.uncovered() {
		p.line(yellow.bold(), "%s: not judged: no policy matches", r.title())
	} else {
		p.line(outcomeStyle(r.Outcome), "%s: %s (policies: %s)", r.title(), r.Outcome, strings.Join(r.Policies, ", "))
	}
	for _, l := range sentences(r.Results) {
		p.line(l.style, "  %s%s", l.text, r.at(l))
	}
	if r.Message != "" {
		p.line(plain, "  the user sees: %s", r.Message)
	}
	printWarnings(p, "  ", r.Warnings)
	printDiff(p, r.Diff)
	r.printAsked(p)
	r.printIfEnforced(p)
	r.printElsewhere(p)
	r.printDoubts(p)
}

// printWarnings prints what adjusting is likely to break.
func printWarnings(p *printer, before string, warnings []breakage.Warning) {
	for _, w := range warnings {
		p.line(yellow, "%swarning, %s: %s: %s", before, w.Policy, w.Rule, w.Text)
	}
}

// printAsked prints what was asked for before specguard adjusted it.
func (r *report) printAsked(p *printer) {
	if r.Asked == nil {
		return
	}
	for _, f := range r.Asked.Fields {
		p.line(plain, "  was asked for: %s: %s, now %s (%s: %s)", f.Field, orNothing(f.Was), orNothing(f.Now), f.Policy, f.Rule)
	}
	if r.Asked.More > 0 {
		p.line(plain, "  was asked for: %d more fields differ", r.Asked.More)
	}
}

func orNothing(value string) string { return cmp.Or(value, "nothing") }

// printIfEnforced prints what policies in mode audit would do, where that is
// another thing.
func (r *report) printIfEnforced(p *printer) {
	then := r.IfEnforced
	switch {
	case then == nil:
	case then.Outcome == r.Outcome:
		more := without(decisionlog.Results{Violations: then.Violations, Changes: then.Changes}, r.Results)
		for _, l := range sentences(more) {
			p.line(l.style, "  if enforced, also: %s%s", l.text, r.at(l))
		}
		printWarnings(p, "  if enforced, also: ", minus(then.Warnings, r.Warnings))
	case then.Outcome == policy.Denied:
		p.line(outcomeStyle(then.Outcome), "  if enforced: denied, the user would see: %s", then.Message)
	default:
		p.line(outcomeStyle(then.Outcome), "  if enforced: %s", then.Outcome)
		for _, l := range sentences(decisionlog.Results{Changes: then.Changes}) {
			p.line(l.style, "    %s%s", l.text, r.at(l))
		}
		printWarnings(p, "    ", then.Warnings)
	}
}

// printElsewhere prints which policies would match in another namespace.
func (r *report) printElsewhere(p *printer) {
	const most = 5
	for i, e := range r.Elsewhere {
		if i == most {
			p.line(plain, "  %d more policies cover other namespaces", len(r.Elsewhere)-most)
			return
		}
		p.line(plain, "  %s", e)
	}
}

// printDoubts prints what was assumed and what could not be seen.
func (r *report) printDoubts(p *printer) {
	for _, n := range r.Notes {
		p.line(faint, "  note: %s", n)
	}
	if len(r.Unknown) > 0 {
		p.line(faint, "  not seen: %s", words(strings.Join(r.Unknown, ", ")))
	}
}

// words takes camelCase apart.
func words(names string) string {
	var b strings.Builder
	for _, r := range names {
		if unicode.IsUpper(r) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// sentence is a line about a result: what a rule found or did.
type sentence struct {
	style       style
	text        string
	rule, found string
}

func sentences(r decisionlog.Results) []sentence {
	var out []sentence
	add := func(s style, rule, found, format string, args ...any) {
		out = append(out, sentence{s, fmt.Sprintf(format, args...), rule, found})
	}
	for _, v := range r.Violations {
		add(red, v.Rule, v.Found, "denied by %s: %s: %s", v.Policy, v.Rule, v.Finding)
	}
	for _, v := range r.Audit {
		add(plain, v.Rule, v.Found, "audit, %s: %s: %s", v.Policy, v.Rule, v.Finding)
	}
	for _, x := range r.Excepted {
		add(plain, x.Rule, x.Found, "excepted by %s, %s: %s: %s", x.Exception, x.Policy, x.Rule, x.Finding)
	}
	for _, c := range r.Changes {
		add(plain, c.Rule, c.Change, "adjusted by %s: %s: %s", c.Policy, c.Rule, c.Change)
	}
	return out
}
