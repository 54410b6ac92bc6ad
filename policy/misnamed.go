package policy

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"
)

// misnamed reports whether the pod's namespace is none that Kubernetes can have: its
// names are DNS labels. Patterns of policies do not match such a name (* matches no
// slash), so no policy would be for the pod. Only a caller of CRI can have chosen it.
func (s *Set) misnamed(p *Pod) bool {
	return !(p.Unseen && p.Namespace == "") && s.inNamespace(p.Namespace).misnamed
}

// refuse is the decision about a container whose pod has such a namespace: it is
// denied where any policy enforces, whatever that is for, and reported else.
func (s *Set) refuse(sub *Subject, visible Visibility) *Decision {
	d := &Decision{Policies: s.Names(), Enforced: s.Enforces(), Spec: sub.Spec}
	found := Finding{Found: fmt.Sprintf("%q is not a valid namespace name", sub.Pod.Namespace), Allowed: "a DNS label"}
	violation := func(by func(*compiled) bool) []Violation {
		at := slices.IndexFunc(s.policies, by)
		if at < 0 {
			return nil
		}
		return []Violation{{Policy: s.policies[at].name, Rule: ruleNamespace, Finding: found}}
	}
	d.Violations = violation((*compiled).enforces)
	d.Audit = violation((*compiled).audits)
	if visible != Partial && d.Audit != nil {
		d.IfEnforced = &Decision{
			Policies: d.Policies, Enforced: true, Spec: sub.Spec,
			Violations: violation(func(*compiled) bool { return true }),
		}
	}
	return d
}

// misnamedContainer reports whether the container's name is none that Kubernetes can have: its
// names are DNS labels. "" is a name that is not known.
func misnamedContainer(name string) bool {
	return name != "" && len(validation.IsDNS1123Label(name)) > 0
}

// ruleNamespace is what takes the place of a rule's name in a violation that is of
// no rule.
const ruleNamespace = "namespace"
