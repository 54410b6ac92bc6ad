package policy

import (
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/policy/seccomp"
)

// unite has a profile replaced by what all rules together apply.
func (r *SeccompProfile) unite(priority int, others []peer) Rule {
	united := *r
	united.force = forceOf(r, priority, others)
	return &united
}

// agreedProfile is the profile that is applied. RuntimeDefault comes before files.
func (r *SeccompProfile) agreedProfile(s *Subject) SeccompPattern {
	rules := r.force.or(r)
	asSent := *s
	asSent.Spec = s.came
	block := s.seccomp.block
	var offers []offer[string]
	for _, m := range rules {
		if o := m.rule; o.Action() == Adjust {
			block = block.And(o.Block)
			offers = append(offers, offer[string]{seccompRank(o.applied()), o.unfit(&asSent) != nil, m.priority})
		}
	}
	name := agreed(seccompRank(r.applied()), offers, func(rank string) bool {
		with, ok := s.withSeccomp(SeccompPattern(rank[1:]), block)
		return ok && rules.accept(func(o *SeccompProfile) bool { return o.unfit(with) == nil })
	})
	return SeccompPattern(name[1:])
}

// seccompRank sorts profiles: it is the name of a profile behind a character.
func seccompRank(p SeccompPattern) string {
	if p == seccompDefault {
		return "0" + string(p)
	}
	return "1" + string(p)
}

// withSeccomp is the subject with that profile in the place of its own, and what is to be blocked;
// false if the profile cannot be had, or lets more through.
func (s *Subject) withSeccomp(named SeccompPattern, block seccomp.Block) (*Subject, bool) {
	profile, err := s.seccompProfile(named, s.Spec)
	if err != nil {
		return nil, false
	}
	with, spec, linux := *s, *s.Spec, specs.Linux{}
	if s.Spec.Linux != nil {
		linux = *s.Spec.Linux
	}
	with.adjusting, spec.Linux, with.Spec = false, &linux, &spec
	if !with.narrowSeccomp(profile) {
		return nil, false
	}
	if !block.Empty() {
		linux.Seccomp = block.Tighten(linux.Seccomp)
	}
	return &with, true
}
