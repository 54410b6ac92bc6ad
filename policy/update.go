package policy

import (
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// boundsUpdates is implemented by rules that judge new limits for a container that
// exists.
type boundsUpdates interface {
	// ofUpdate is the rule for an update, of which the spec holds nothing else.
	ofUpdate() Rule
}

// EvaluateUpdate judges new limits for a running container, by the rules that limit updates
// (resources and cgroupsPath) of every policy that matches. It judges only what the update
// holds: a limit that is missing or 0 stays as it is, and a negative one removes the limit. Of
// the decision's Spec, only linux.resources counts. It has every member that the update has,
// because runtimes merge it over the update. The update itself is not changed.
func (s *Set) EvaluateUpdate(sub Subject, update *specs.LinuxResources) *Decision {
	if update == nil {
		update = &specs.LinuxResources{}
	}
	sub.Spec = &specs.Spec{Linux: &specs.Linux{Resources: update}}
	sub = sub.ready()
	e := &evaluation{sub: sub, visible: Complete, decision: &Decision{Spec: sub.Spec}}
	e.gather(s.matching(&sub))
	e.rules = slices.DeleteFunc(e.rules, func(b bound) bool {
		_, ok := b.Rule.(boundsUpdates)
		return !ok
	})
	for i := range e.rules {
		b := &e.rules[i]
		b.compiledRule = b.ofUpdate()
		if b.plain != nil {
			b.plain = b.plain.ofUpdate()
		}
		b.wider = slices.Clone(b.wider)
		for k := range b.wider {
			b.wider[k].wide = b.wider[k].wide.ofUpdate()
		}
	}
	e.adjust()
	e.check()
	return e.decision
}

// ofUpdate is the rule for an update.
func (r *compiledRule) ofUpdate() *compiledRule {
	out := *r
	out.Rule = r.Rule.(boundsUpdates).ofUpdate()
	if out.request != nil {
		out.request = out.Rule
	} else {
		out.result = out.Rule
	}
	return &out
}

// resourcesUpdate is the rule resources for an update.
type resourcesUpdate struct{ *Resources }

func (r *Resources) ofUpdate() Rule { return resourcesUpdate{r} }

// unite is that of the rule.
func (u resourcesUpdate) unite(priority int, others []peer) Rule {
	rules := make([]peer, len(others))
	for i, o := range others {
		rules[i] = peer{o.Rule.(resourcesUpdate).Resources, o.priority}
	}
	return resourcesUpdate{u.Resources.unite(priority, rules).(*Resources)}
}

// Check finds limits in the update that are too high, unreadable, or taken
// away.
func (u resourcesUpdate) Check(s *Subject) []Finding {
	res := resourcesOf(s)
	var out []Finding
	for _, l := range u.limits() {
		switch {
		case !l.wanted():
		case l.halved(res):
			out = append(out, Finding{Found: "CPU quota and period can only be changed together", Allowed: l.allowed()})
		case l.present(res):
			out = append(out, l.check(res)...)
		}
	}
	if changesSwap(res) {
		out = append(out, u.Swap.check(res)...)
	}
	return append(out, u.Hugepages.check(res)...)
}

// Adjust lowers limits in the update that are too high, and sets those that
// would be taken away.
func (u resourcesUpdate) Adjust(s *Subject) []string {
	res := resourcesOf(s)
	var done []string
	for i, l := range u.limits() {
		if !l.wanted() {
			continue
		}
		if l.halved(res) {
			done = append(done, complete(res.CPU))
		}
		if l.present(res) && len(l.check(res)) > 0 {
			_, before := res.Unified[l.unified]
			done = append(done, l.adjust(res, u.given(i))...)
			if _, after := res.Unified[l.unified]; before && !after {
				res.Unified[l.unified] = l.text(res)
			}
		}
	}
	if changesSwap(res) {
		done = append(done, u.Swap.adjust(res)...)
	}
	return append(done, u.Hugepages.adjust(res)...)
}

// present reports whether the update changes the limit.
func (l limit) present(r *specs.LinuxResources) bool {
	if _, ok := r.Unified[l.unified]; ok {
		return true
	}
	n := l.typed(r)
	return n != nil && *n != 0
}

// halved reports whether the update has one half of a CPU limit without the
// other: what comes of it depends on what is in force.
func (l limit) halved(r *specs.LinuxResources) bool {
	if l.name != "cpu" || r.CPU == nil {
		return false
	}
	quota := r.CPU.Quota != nil && *r.CPU.Quota > 0
	period := r.CPU.Period != nil && *r.CPU.Period != 0
	unset := r.CPU.Quota == nil || *r.CPU.Quota == 0
	return (quota && !period) || (period && unset)
}

// complete gives a quota the usual period, and makes nothing of a period that
// has no quota.
func complete(c *specs.LinuxCPU) string {
	if c.Quota == nil || *c.Quota == 0 {
		c.Period = new(uint64(0))
		return "kept the CPU period"
	}
	c.Period = new(uint64(defaultPeriod))
	return "set the CPU period to the default"
}
