package cli

import (
	"github.com/specguard/specguard/internal/decisionlog"
	"github.com/specguard/specguard/internal/input"
	"github.com/specguard/specguard/internal/output"
)

// place is where in a manifest a finding or a change of a rule comes from.
type place struct {
	Rule   string `json:"rule"`
	Found  string `json:"found"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// locate finds the places of what a report says.
func (r *report) locate(in *input.Container) {
	r.Line, r.Column = in.Place()
	if r.Line == 0 {
		return // it is of no manifest
	}
	seen := make(map[place]bool)
	add := func(rule, found string) {
		p := place{Rule: rule, Found: found}
		p.Line, p.Column = in.Where(rule, found)
		if !seen[p] {
			seen[p] = true
			r.Places = append(r.Places, p)
		}
	}
	all := func(of *decisionlog.Results) {
		for _, v := range of.Violations {
			add(v.Rule, v.Found)
		}
		for _, v := range of.Audit {
			add(v.Rule, v.Found)
		}
		for _, x := range of.Excepted {
			add(x.Rule, x.Found)
		}
		for _, c := range of.Changes {
			add(c.Rule, c.Change)
		}
	}
	all(&r.Results)
	if r.IfEnforced != nil {
		all(&r.IfEnforced.Results)
	}
}

// place is that of what a rule found; of the container, if it is not known.
func (r *report) place(rule, found string) output.Place {
	at := output.Place{File: r.File, Line: r.Line, Column: r.Column}
	for _, p := range r.Places {
		if p.Rule == rule && p.Found == found {
			at.Line, at.Column = p.Line, p.Column
		}
	}
	return at
}

// at says where a sentence of the report comes from; "" if that is not known.
func (r *report) at(s sentence) string {
	if r.Line == 0 {
		return ""
	}
	return ", at " + r.place(s.rule, s.found).String()
}
