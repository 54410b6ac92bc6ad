package policy

// asks is implemented by rules of which a part may be checked against the spec as it came, and
// the rest against the spec as it will run.
type asks interface {
	// parts are those two; nil for none.
	parts() (request, result Rule)
}

// partsOf are the part of the rule that is checked against the spec as it came, and the part
// that is checked against the spec as it will run; nil for none.
func partsOf(r Rule) (request, result Rule) {
	if r, ok := r.(asks); ok {
		return r.parts()
	}
	if r, ok := r.(interface{ requests() bool }); ok && r.requests() {
		return r.(Rule), nil
	}
	return nil, r
}

// lasting is implemented by parts of rules on request that find nothing in an adjusted spec
// where they have found nothing in the one that came. They are checked even if that is
// not known any more.
type lasting interface{ lasts() }

// asked is the subject as it came.
func (e *evaluation) asked() *Subject {
	if !e.cloned {
		return &e.sub
	}
	if e.request == nil {
		sub := e.sub
		sub.Spec, sub.placed = e.sub.came, nil
		sub.settle()
		e.request = &sub
	}
	return e.request
}

// findings are what in the container breaks the rule.
func (e *evaluation) findings(r *compiledRule) []Finding {
	var out []Finding
	if r.request != nil {
		if _, lasts := r.request.(lasting); lasts || !e.sub.RequestJudged {
			out = r.request.Check(e.asked())
		}
	}
	if r.result != nil {
		out = append(out, r.result.Check(&e.sub)...)
	}
	return out
}

// awaits reports whether the rule is to see the spec as it came, and cannot be decided yet.
func (e *evaluation) awaits(r *compiledRule, p *compiled) bool {
	if r.request == nil || !e.enforces(p) || r.Action() == Audit {
		return false
	}
	_, lasts := r.request.(lasting)
	return !lasts
}
