package cli

import (
	"github.com/specguard/specguard/internal/output"
	"github.com/specguard/specguard/policy"
)

// findings are what was found about a container. What makes the exit status 2 is an error.
func findings(r *report, on *failOn) []output.Finding {
	level := func(counts bool, otherwise output.Level) output.Level {
		if counts {
			return output.Error
		}
		return otherwise
	}
	var out []output.Finding
	add := func(l output.Level, policy, rule, found, excuse, text string) {
		out = append(out, output.Finding{Place: inReport(r.place(rule, found)), Level: l, Policy: policy, Rule: rule, Excuse: excuse, Text: text})
	}
	for _, v := range r.Violations {
		add(output.Error, v.Policy, v.Rule, v.Found, "", "denied by "+v.Policy+": "+v.Rule+": "+inWords(v.Finding))
	}
	for _, ch := range r.Changes {
		add(level(on.adjusted, output.Warning), ch.Policy, ch.Rule, ch.Change, "", "adjusted by "+ch.Policy+": "+ch.Rule+": "+ch.Change)
	}
	then := output.Note
	if r.IfEnforced != nil && r.IfEnforced.Outcome == policy.Denied {
		then = output.Warning
	}
	for _, v := range r.Audit {
		add(level(on.countsIfEnforced(r), then), v.Policy, v.Rule, v.Found, "",
			"policy "+v.Policy+" in mode audit: "+v.Rule+": "+inWords(v.Finding))
	}
	for _, x := range r.Excepted {
		add(output.Note, x.Policy, x.Rule, x.Found, x.Exception, "excepted by "+x.Exception+": "+x.Policy+": "+x.Rule+": "+x.String())
	}
	if r.uncovered() {
		text := "not judged: no policy matches"
		for _, e := range r.Elsewhere {
			text += "; " + e.String()
		}
		add(level(on.uncovered, output.Note), "", output.Uncovered, "", "", text)
	}
	return out
}

// inWords says what was found and what helps.
func inWords(f policy.Finding) string {
	if f.Fix == "" {
		return f.String()
	}
	return f.String() + ". In the pod: " + f.Fix
}
