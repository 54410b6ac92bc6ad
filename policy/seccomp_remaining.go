package policy

import (
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/policy/seccomp"
)

// madeFor is the spec that has the capabilities for which the seccomp profile was made:
// while rules adjust, the one that came.
func (s *Subject) madeFor() *specs.Spec {
	if s.adjusting {
		return s.came
	}
	return s.Spec
}

// fitSeccomp makes a profile fit that was made for capabilities which rules have taken
// away since. It lets calls through for the sake of those, and would be refused for
// that. In the place of the runtime's default comes the one for what remains. Of another
// profile it returns the calls that are to be blocked.
func (e *evaluation) fitSeccomp() seccomp.Block {
	came := e.sub.came
	if e.visible == Partial || !e.cloned || sameBounding(came, e.sub.Spec) || seccomp.IsNone(profileOf(&e.sub)) {
		return seccomp.Block{}
	}
	r := e.misfit()
	if r == nil {
		return seccomp.Block{}
	}
	var block seccomp.Block
	var change string
	if named := e.fitNamed(); named != "" {
		change = "set the seccomp profile " + string(named) + " for the capabilities that remain"
	} else if block = floorSince(came, e.sub.Spec); !block.Empty() {
		change = "seccomp blocks " + few(block.Syscalls) + ", which were for capabilities that were dropped"
	} else {
		return block
	}
	e.decision.Adjustments = append(e.decision.Adjustments, Adjustment{Policy: r.policy.name, Rule: r.name, Change: change})
	if e.fields.seccomp == nil {
		e.fields.seccomp = r
	}
	return block
}

// misfit is a rule in force by which the profile is none for the capabilities that
// remain; nil for none.
func (e *evaluation) misfit() *bound {
	for i := range e.rules {
		if rule, ok := e.rules[i].Rule.(*SeccompProfile); ok && e.rules[i].bindsResult() && rule.unfit(&e.sub) != nil {
			return &e.rules[i]
		}
	}
	return nil
}

// fitNamed looks for the profile, the default or one that a rule in force allows, that
// was made for the capabilities that came, and puts the same for those that remain in its
// place if all rules in force are content with that. It returns the profile's name; ""
// for none.
func (e *evaluation) fitNamed() SeccompPattern {
	before := profileOf(&e.sub)
	for _, named := range e.seccompNames() {
		made, err := e.sub.seccompProfile(named, e.sub.came)
		if err != nil || named != e.sub.Container.Seccomp && !seccomp.Within(before, made) {
			continue
		}
		fit, err := e.sub.seccompProfile(named, e.sub.Spec)
		if err != nil || !e.sub.narrowSeccomp(fit) {
			continue
		}
		if e.misfit() == nil {
			return named
		}
		e.sub.linux().Seccomp = before
	}
	return ""
}

// seccompNames are the default profile, and the files that rules in force allow, in one
// order whatever theirs is.
func (e *evaluation) seccompNames() []SeccompPattern {
	var files []SeccompPattern
	for i := range e.rules {
		rule, ok := e.rules[i].Rule.(*SeccompProfile)
		if !ok || !e.rules[i].bindsResult() {
			continue
		}
		for _, named := range rule.Allowed {
			if named.file() != "" {
				files = append(files, named)
			}
		}
	}
	slices.Sort(files)
	return append([]SeccompPattern{seccompDefault}, slices.Compact(files)...)
}

// floorSince are the calls that every profile denies for the capabilities that a spec
// has now, and not for those that it had.
func floorSince(had, has *specs.Spec) seccomp.Block {
	before := seccomp.Floor(func(c string) bool { return mayUse(had, c) })
	now := seccomp.Floor(func(c string) bool { return mayUse(has, c) })
	now.Syscalls = slices.DeleteFunc(now.Syscalls, func(c seccomp.Call) bool { return slices.Contains(before.Syscalls, c) })
	return now
}

// sameBounding reports whether the specs bound capabilities alike.
func sameBounding(a, b *specs.Spec) bool {
	bounding := func(spec *specs.Spec) []string {
		if spec.Process == nil || spec.Process.Capabilities == nil {
			return nil
		}
		return spec.Process.Capabilities.Bounding
	}
	return allCapabilitiesGiven(a) == allCapabilitiesGiven(b) && slices.Equal(bounding(a), bounding(b))
}
