package policy

import (
	"slices"
	"time"

	"gopkg.in/yaml.v3"
)

// Question is about containers of which not all is known. What is not known can be anything: the
// container's name and image where they are "", the labels with LabelsUnseen, the runtime handler
// with HandlerUnseen. The pod's namespace is known. What is not named here is never known.
type Question struct {
	Namespace      string
	Labels         map[string]string
	LabelsUnseen   bool
	RuntimeHandler string
	HandlerUnseen  bool
	Container      string
	Image          string
	Time           time.Time
}

// subject is what is known, as a container.
func (q *Question) subject() *Subject {
	return &Subject{
		Pod: Pod{
			Namespace: q.Namespace, Labels: q.Labels, LabelsUnseen: q.LabelsUnseen, RuntimeHandler: q.RuntimeHandler,
		},
		Container: Container{Name: q.Container, Image: q.Image},
		Time:      q.Time,
	}
}

// Certainty is whether something is for a container.
type Certainty string

// The certainties.
const (
	Certain  Certainty = "yes"
	Possible Certainty = "depends" // on what is not known
	Never    Certainty = "no"
)

func (a answer) certainty() Certainty { return []Certainty{Never, Certain, Possible}[a] }

// Standing is what a Set says of the containers that a Question is about.
type Standing struct {
	Policies []StandingPolicy // all, in the order in which they apply
	Rules    []RuleStanding   // of those that match or may match, in the order in which they adjust
}

// StandingPolicy is whether a policy is for the containers.
type StandingPolicy struct {
	Name     string
	Mode     Mode
	Priority int
	Matches  Certainty
	Why      []string // not, or on what it depends
}

// RuleStanding is a rule with what each policy says of it.
type RuleStanding struct {
	Rule     string
	Policies []RuleOfPolicy
}

// RuleOfPolicy is what a policy says of a rule.
type RuleOfPolicy struct {
	Policy      string
	Mode        Mode
	Matches     Certainty // of the policy
	OnViolation Action
	On          Moment
	Parameters  *yaml.Node // its other fields; a mapping
	Exceptions  []ExceptionStanding
}

// ExceptionStanding is an exception from a rule that is, or may be, for the containers.
type ExceptionStanding struct {
	Exception
	Applies Certainty
	Why     []string   // on what it depends
	Allow   *yaml.Node // what is allowed in addition; nil: the rule does not hold
}

// Standing says which policies, rules and exceptions there are for the containers.
func (s *Set) Standing(q Question) Standing {
	if q.Time.IsZero() {
		q.Time = time.Now()
	}
	var out Standing
	for _, k := range RuleNames() {
		out.Rules = append(out.Rules, RuleStanding{Rule: k})
	}
	for _, p := range s.policies {
		a, why := p.match.stands(&q, false)
		out.Policies = append(out.Policies, StandingPolicy{
			Name: p.name, Mode: p.mode, Priority: p.priority, Matches: a.certainty(), Why: why,
		})
		if a == no {
			continue
		}
		for i := range p.rules {
			r := &p.rules[i]
			rule := &out.Rules[r.order]
			rule.Policies = append(rule.Policies, r.standing(p, a, &q))
		}
	}
	out.Rules = slices.DeleteFunc(out.Rules, func(r RuleStanding) bool { return len(r.Policies) == 0 })
	return out
}

func (r *compiledRule) standing(p *compiled, a answer, q *Question) RuleOfPolicy {
	out := RuleOfPolicy{
		Policy: p.name, Mode: p.mode, Matches: a.certainty(), OnViolation: r.Action(), On: OnResult, Parameters: r.parameters(),
	}
	if r.asksRequest() {
		out.On = OnRequest
	}
	for _, x := range r.excuses {
		if x.by.Expired(q.Time) {
			continue
		}
		a, why := x.by.match.stands(q, true)
		if a == no {
			continue
		}
		e := ExceptionStanding{Exception: x.by.Exception, Applies: a.certainty(), Why: why}
		if more := x.by.allows[r.name]; more != nil {
			e.Allow = writtenLists(more)
		}
		out.Exceptions = append(out.Exceptions, e)
	}
	return out
}

// WrittenException is an exception with what a document says of it.
type WrittenException struct {
	Exception
	Match *yaml.Node // a mapping
	Allow *yaml.Node // a mapping by rule; nil for nothing
}

// WrittenExceptions returns the exceptions by name, those that have expired too.
func (s *Set) WrittenExceptions() []WrittenException {
	var out []WrittenException
	for i := range s.exceptions {
		e := &s.exceptions[i]
		w := WrittenException{Exception: e.Exception, Match: e.match.written()}
		for _, rule := range e.Bounded {
			if w.Allow == nil {
				w.Allow = mapping()
			}
			addMember(w.Allow, rule, writtenLists(e.allows[rule]))
		}
		out = append(out, w)
	}
	return out
}
