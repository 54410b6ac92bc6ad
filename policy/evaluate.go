package policy

import (
	"fmt"
	"slices"

	"github.com/specguard/specguard/internal/ocispec"
)

// Visibility says how much of the spec is visible, and whether it can still be
// edited.
type Visibility int

// The visibilities.
const (
	// Complete: the spec is complete. Every rule decides.
	Complete Visibility = iota

	// Fixed: the spec is complete and can no longer be edited. Every rule
	// decides, none adjusts: a rule that would have adjusted denies.
	Fixed

	// Partial: the spec holds what NRI shows at CreateContainer. Only rules
	// whose whole input NRI shows decide, and only policies that certainly
	// match deny. What is denied now would be denied in the end.
	Partial
)

// Evaluate judges the subject. It does not change the subject's spec; the decision holds an
// edited copy if there are edits. If the subject's Done is closed in the meantime, it does not
// judge the rest, and the decision denies.
func (s *Set) Evaluate(sub Subject, visible Visibility) *Decision {
	sub = sub.ready()
	if s.misnamed(&sub.Pod) {
		return s.refuse(&sub, visible)
	}
	sub.writable = s.writable
	policies := s.matching(&sub)
	d := (&evaluation{sub: sub, visible: visible}).decide(policies)
	if visible != Partial && slices.ContainsFunc(policies, func(p *compiled) bool { return p.mode == ModeAudit }) {
		if then := (&evaluation{sub: sub, visible: visible, enforce: true}).decide(policies); !then.Ended {
			d.IfEnforced = then
		}
	}
	return d
}

// evaluation is one decision in the making.
type evaluation struct {
	sub      Subject
	visible  Visibility
	enforce  bool // policies in mode audit too
	decision *Decision
	rules    []bound // by rule table, then by policy
	cloned   bool
	fields   fieldNotes

	request *Subject // as it came, once it is needed
}

// decide makes the decision by these policies.
func (e *evaluation) decide(policies []*compiled) *Decision {
	e.decision = &Decision{Spec: e.sub.Spec}
	e.gather(policies)
	e.adjust()
	e.check()
	return e.decision
}

// gather lists the rules of the policies by the rule table, then by policy.
// Each policy's own stand in the table's order already.
func (e *evaluation) gather(policies []*compiled) {
	left := make([][]compiledRule, len(policies))
	undecided := make([]bool, len(policies))
	n := 0
	for i, p := range policies {
		left[i] = p.rules
		n += len(p.rules)
		if undecided[i] = e.visible == Partial && p.match.container(&e.sub) == unknown; undecided[i] {
			continue
		}
		e.decision.Policies = append(e.decision.Policies, p.name)
		e.decision.Enforced = e.decision.Enforced || e.enforces(p)
	}
	e.rules = make([]bound, 0, n)
	for order := 0; n > 0; order++ {
		for i, rules := range left {
			if len(rules) == 0 || rules[0].order != order {
				continue
			}
			r := &rules[0]
			e.rules = e.rules[:len(e.rules)+1] // it has room for all
			b := &e.rules[len(e.rules)-1]
			b.compiledRule, b.policy, b.undecided = r, policies[i], undecided[i]
			decides := e.bind(b)
			if b.unsure && b.excuse == nil && e.awaits(r, policies[i]) {
				e.decision.AwaitsSpec = true
			}
			if !decides && !(r.early && e.sub.ShowsMore) {
				*b = bound{}
				e.rules = e.rules[:len(e.rules)-1]
			}
			left[i] = rules[1:]
			n--
		}
	}
}

func (e *evaluation) enforces(p *compiled) bool { return e.enforce || p.mode == ModeEnforce }

// decides reports whether all that the rule reads is known with this visibility.
func (e *evaluation) decides(r *compiledRule) bool {
	return e.visible != Partial || r.reads == 0 || r.reads == image && e.sub.Container.Image != ""
}

// adjust lets every rule that may adjust edit a copy of the spec.
func (e *evaluation) adjust() {
	if e.visible == Fixed {
		return
	}
	e.sub.adjusting = true
	for start, end := 0, 0; start < len(e.rules); start = end {
		for end < len(e.rules) && e.rules[end].order == e.rules[start].order {
			end++
		}
		// What a policy does can be what an earlier one needs: memory before swap, the outer of two
		// mounts before the inner one.
		same := e.rules[start:end]
		for left := len(same); left > 0 && e.adjustBy(same) && left > 1; left-- {
		}
	}
	if e.sub.ended() {
		return // check says so
	}
	e.tighten()
	e.dropFields()
	e.applySeccomp()
	e.noteProfile()
}

// adjustBy lets rules of one kind, of several policies, edit the copy, and reports whether any did.
func (e *evaluation) adjustBy(rules []bound) bool {
	edited := false
	for i := range rules {
		r := &rules[i]
		if e.sub.ended() {
			break
		}
		if !r.adjusts || !e.inForce(r) || len(r.Check(&e.sub)) == 0 {
			continue
		}
		if !e.cloned {
			e.sub.Spec = ocispec.Clone(e.sub.Spec)
			e.decision.Spec = e.sub.Spec
			e.cloned = true
		}
		changes := e.united(r).Adjust(&e.sub)
		edited = edited || len(changes) > 0
		e.noteFields(r)
		e.noteSeccomp(r)
		for i, change := range changes {
			if i == maxReported && len(changes) > i+1 {
				change = fmt.Sprintf("and %d more changes", len(changes)-i)
			}
			e.decision.Adjustments = append(e.decision.Adjustments, Adjustment{Policy: r.policy.name, Rule: r.name, Change: lineOf(change)})
			if i == maxReported {
				break
			}
		}
	}
	return edited
}

// tighten gives the mounts that adjusting has put in the options that rules in
// force want of such mounts, those too that only reject: no container is refused
// for what was done to it.
func (e *evaluation) tighten() {
	if len(e.sub.placed) == 0 {
		return
	}
	promises := e.promises()
	for i := range e.sub.Spec.Mounts {
		m := &e.sub.Spec.Mounts[i]
		if !slices.Contains(e.sub.placed, mountPoint(m)) {
			continue
		}
		for _, p := range promises {
			for _, o := range p.of(m) {
				if !o.in(m) {
					o.put(m)
				}
			}
		}
	}
	e.noteFields(nil)
}

// maxReported bounds how many findings and changes of one rule are reported one by one:
// a pod can have thousands of mounts, and each is a line in logs.
const maxReported = 15

// oneLineEach gives findings as they are reported: in one line each, none too long, and not too many.
func oneLineEach(findings []Finding) []Finding {
	if len(findings) > maxReported+1 {
		more := Finding{Found: fmt.Sprintf("and %d more", len(findings)-maxReported)}
		findings = append(slices.Clone(findings[:maxReported]), more)
	}
	for i, f := range findings {
		findings[i] = Finding{Found: lineOf(f.Found), Allowed: lineOf(f.Allowed), Fix: lineOf(f.Fix)}
	}
	return findings
}

// check judges the result by every rule.
func (e *evaluation) check() {
	e.sub.settle()
	d := e.decision
	for i := range e.rules {
		r := &e.rules[i]
		if e.sub.ended() {
			break
		}
		found := e.findings(r.compiledRule)
		if !r.unsure {
			d.Excepted = append(d.Excepted, e.excused(r, found)...)
		}
		for _, f := range oneLineEach(found) {
			v := Violation{Policy: r.policy.name, Rule: r.name, Finding: f}
			switch {
			case r.unsure:
			case r.excuse != nil:
				d.Excepted = append(d.Excepted, Excepted{Violation: v, Exception: r.excuse.Name})
			case r.enforced:
				d.Violations = append(d.Violations, v)
				d.Unadjusted = d.Unadjusted || e.visible == Fixed && r.Action() == Adjust
			default:
				d.Audit = append(d.Audit, v)
			}
		}
	}
	if e.visible != Partial && !e.enforce {
		d.Mounts = e.judgedMounts()
	}
	d.Ended = e.sub.ended()
}
