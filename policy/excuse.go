package policy

// excuse is what an exception says of a rule of a policy.
type excuse struct {
	by   *exception
	wide *compiledRule // what holds in the rule's place; nil for nothing
}

// bound is a rule of a policy that matches.
type bound struct {
	*compiledRule // the rule that holds, with what exceptions allow
	policy        *compiled
	enforced      bool
	adjusts       bool       // enforced, and onViolation is adjust
	excuse        *exception // from all of the rule; nil for none

	plain *compiledRule // the rule of the policy, if exceptions allow more; nil else
	wider []excuse      // those exceptions

	// undecided: whether the rule is for the container is not known yet. It denies nothing. It
	// may adjust, so that nothing is denied that it would mend, if that is not the last word.
	undecided bool

	// unsure: the rule is undecided, or not all that it reads is known. It denies nothing.
	unsure bool
}

// bind finds out what becomes of a rule of a policy here. It reports whether all that the rule
// reads is known.
func (e *evaluation) bind(b *bound) (decides bool) {
	r, action := b.compiledRule, b.Action()
	decides = e.decides(r)
	b.unsure = b.undecided || !decides
	if e.enforces(b.policy) {
		b.enforced, b.adjusts = action != Audit, action == Adjust
	}
	for _, x := range r.excuses {
		switch x.by.excuses(&e.sub) {
		case yes:
			if x.wide == nil {
				b.excuse = x.by
				return decides
			}
			b.wider = append(b.wider, x)
		case unknown:
			if e.visible == Partial {
				b.undecided, b.unsure = true, true
			}
		}
	}
	if len(b.wider) > 0 {
		b.plain, b.compiledRule = r, r.with(b.wider)
	}
	return decides
}

// with is the rule with all that these exceptions allow.
func (r *compiledRule) with(wider []excuse) *compiledRule {
	if len(wider) == 1 {
		return wider[0].wide
	}
	rule := r.Rule.(widens)
	for _, x := range wider {
		rule = widened(rule, x.by.allows[r.name])
	}
	out := *r
	out.Rule = rule
	out.request, out.result = partsOf(rule)
	return &out
}
