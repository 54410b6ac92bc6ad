package policy

import "slices"

// unite has parts of a label replaced by what all rules together apply.
func (o *SELinuxOptions) unite(priority int, others []peer) Rule {
	united := *o
	united.force = forceOf(o, priority, others)
	return &united
}

// seTypeAt is the index of the type among the parts of a label.
const seTypeAt = 2

// agreedPart is what is applied in the place of a part of the label, by its index; "" for nothing.
func (o *SELinuxOptions) agreedPart(s *Subject, i int, value string, files seLabel) string {
	came := seLabel{}
	if s.came.Process != nil {
		came, _ = parseSELabel(s.came.Process.SelinuxLabel)
	}
	var parts []sePart
	var offers []offer[string]
	for _, m := range o.force.or(o) {
		p := m.rule.parts()[i]
		parts = append(parts, p)
		if m.rule.Action() == Adjust && p.apply != "" {
			offers = append(offers, offer[string]{p.apply, !p.permits(*p.get(&came)), m.priority})
		}
	}
	return agreed(parts[0].apply, offers, func(apply string) bool {
		return !slices.ContainsFunc(parts, func(p sePart) bool {
			p.apply = apply
			return !p.permits(apply) || !p.replaces(value, files)
		})
	})
}
