package policy

import (
	"cmp"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/util/validation"
)

// Set is a compiled set of policies. It never changes and is safe for
// concurrent use.
type Set struct {
	policies   []*compiled // by priority (higher first), then name
	exceptions []exception // by name
	writable   []string    // paths of the host that any of the policies allows to mount writable
	builtin    bool        // made by Builtin
	warnings   []Warning   // about the files, by place
	notes      []Warning   // what to know of them, by place

	// candidates remembers which policies can match a namespace, so that a
	// decision costs nothing for those that cannot. A node has few namespaces.
	candidates sync.Map // string -> *candidates
	remembered sync.Mutex
	size       int
}

// maxRemembered bounds the namespaces that a Set remembers.
const maxRemembered = 4096

// compiled is one policy, ready to decide.
type compiled struct {
	name     string
	match    Match
	mode     Mode
	priority int
	rules    []compiledRule // in the order of the rule table
	reads    input          // what all of them read
	excused  []*exception   // from any of them, each once
}

// has reports whether the policy has the rule.
func (p *compiled) has(rule string) bool {
	return slices.ContainsFunc(p.rules, func(r compiledRule) bool { return r.name == rule })
}

func (p *compiled) enforces() bool { return p.mode == ModeEnforce }

func (p *compiled) audits() bool { return p.mode == ModeAudit }

type compiledRule struct {
	Rule
	request, result Rule // its parts (partsOf)

	excuses []excuse // from it, by the name of the exception

	name  string
	order int // place in the rule table
	reads input
	early bool // see kind
}

func newSet(policies []*compiled, excuses []pending) *Set {
	slices.SortFunc(policies, func(a, b *compiled) int {
		return cmp.Or(cmp.Compare(b.priority, a.priority), cmp.Compare(a.name, b.name))
	})
	s := &Set{policies: policies, writable: writablePaths(policies)}
	for _, p := range policies {
		for _, r := range p.rules {
			slices.SortFunc(r.excuses, func(a, b excuse) int { return cmp.Compare(a.by.Name, b.by.Name) })
			for _, x := range r.excuses {
				if !slices.Contains(p.excused, x.by) {
					p.excused = append(p.excused, x.by)
				}
			}
		}
	}
	for i := range excuses {
		s.exceptions = append(s.exceptions, excuses[i].exception)
	}
	slices.SortFunc(s.exceptions, func(a, b exception) int { return cmp.Compare(a.Name, b.Name) })
	return s
}

// Exceptions returns the exceptions by name, those that have expired too.
func (s *Set) Exceptions() []Exception {
	var out []Exception
	for i := range s.exceptions {
		out = append(out, s.exceptions[i].Exception)
	}
	return out
}

// Builtin reports whether the Set is that of a Builtin, and not of policy files.
func (s *Set) Builtin() bool { return s.builtin }

// Names returns the names of the policies in the order in which they apply.
func (s *Set) Names() []string {
	names := make([]string, len(s.policies))
	for i, p := range s.policies {
		names[i] = p.name
	}
	return names
}

// Enforces reports whether any policy is in mode enforce, whatever it matches.
func (s *Set) Enforces() bool {
	return slices.ContainsFunc(s.policies, (*compiled).enforces)
}

// NamedRule names a rule of a policy.
type NamedRule struct{ Policy, Rule string }

// Rules returns the rules of the policies, in the order in which the policies apply.
func (s *Set) Rules() []NamedRule {
	var out []NamedRule
	for _, p := range s.policies {
		for _, r := range p.rules {
			out = append(out, NamedRule{p.name, r.name})
		}
	}
	return out
}

// RuleCount returns how many rules the policies have in all.
func (s *Set) RuleCount() int {
	n := 0
	for _, p := range s.policies {
		n += len(p.rules)
	}
	return n
}

// matching returns the policies for the subject, in order, with those of which
// that cannot be told.
func (s *Set) matching(sub *Subject) []*compiled {
	var out []*compiled
	for _, p := range s.inNamespace(sub.Pod.Namespace).policies {
		if p.match.container(sub) != no {
			out = append(out, p)
		}
	}
	return out
}

// candidates are the policies that can match a namespace.
type candidates struct {
	policies []*compiled
	misnamed bool // no Kubernetes namespace is called so
}

func (s *Set) inNamespace(ns string) *candidates {
	if v, ok := s.candidates.Load(ns); ok {
		return v.(*candidates)
	}
	out := &candidates{misnamed: len(validation.IsDNS1123Label(ns)) > 0}
	for _, p := range s.policies {
		if p.match.namespace(ns) {
			out.policies = append(out.policies, p)
		}
	}
	s.remembered.Lock()
	defer s.remembered.Unlock()
	if s.size < maxRemembered {
		s.candidates.Store(ns, out)
		s.size++
	}
	return out
}

// Selection says what the policies that match a container will do with it, without judging it.
type Selection struct {
	Enforced bool // a policy in mode enforce matches
	Audited  bool // a policy in mode audit matches
	ByImage  bool // that one of them matches, or is excepted from, depends on the image, which is not known
	Sandbox  bool // one of their rules reads Pod.Sandbox
}

// Any reports whether a policy of either mode matches.
func (s Selection) Any() bool { return s.Enforced || s.Audited }

// mayBeExcused reports whether it is not known if an exception from one of the rules holds.
func (p *compiled) mayBeExcused(sub *Subject) bool {
	return slices.ContainsFunc(p.excused, func(x *exception) bool { return x.excuses(sub) == unknown })
}

// Select reports whether any policy matches the container. It reads only the pod, the
// container's name and its image. While the image is not known, it assumes that a policy that
// selects by image matches.
func (s *Set) Select(sub *Subject) Selection {
	if s.misnamed(&sub.Pod) {
		return Selection{Enforced: s.Enforces(), Audited: slices.ContainsFunc(s.policies, (*compiled).audits)}
	}
	var sel Selection
	for _, p := range s.inNamespace(sub.Pod.Namespace).policies {
		c := p.match.container(sub)
		if c == no {
			continue
		}
		sel.Enforced = sel.Enforced || p.mode == ModeEnforce
		sel.Audited = sel.Audited || p.mode == ModeAudit
		sel.ByImage = sel.ByImage || sub.Container.Image == "" && (c == unknown || p.mayBeExcused(sub))
		sel.Sandbox = sel.Sandbox || p.reads&sandbox != 0
	}
	return sel
}
