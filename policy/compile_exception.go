package policy

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/strict"
)

// pending is an exception whose policies are not looked up yet: they may stand
// in files to come.
type pending struct {
	exception
	file string
	spec *yaml.Node
}

func (c *compiler) exception(d header) {
	var s exceptionSpec
	if !c.spec(d, &s, &s.Match) {
		return
	}
	e := exception{match: s.Match, Exception: Exception{
		Name: d.name, Reason: string(s.Reason), Owner: string(s.Owner), Ends: s.Expires.ends,
		Source: fmt.Sprintf("%s:%d:%d", d.file, d.root.Line, d.root.Column),
	}}
	for _, p := range s.Policies {
		e.Policies = append(e.Policies, string(p))
	}
	for _, r := range s.Rules {
		e.Rules = append(e.Rules, string(r))
	}
	var errs []strict.Error
	var warnings []strict.Error
	e.allows, errs, warnings = c.allowances(&s)
	c.fail(d.file, errs...)
	c.warn(d.file, warnings...)
	for _, k := range c.kinds {
		if e.allows[k.name] != nil {
			e.Bounded = append(e.Bounded, k.name)
		}
	}
	if e.Never() {
		c.warn(d.file, d.place("expires").Fault("the exception never ends"))
	}
	c.excuses = append(c.excuses, pending{exception: e, file: d.file, spec: d.spec})
}

// link hands the exceptions to their policies. One that names what is not
// there is an error: it would not do what it says.
func (c *compiler) link() {
	for i := range c.excuses {
		e := &c.excuses[i]
		for k, name := range e.Policies {
			at := slices.IndexFunc(c.policies, func(p *compiled) bool { return p.name == name })
			if at < 0 {
				c.fail(e.file, e.fault("policies", k, "there is no policy %q", name))
				continue
			}
			c.excuse(c.policies[at], e)
		}
		for _, rule := range e.Bounded {
			if !slices.ContainsFunc(c.policies, func(p *compiled) bool { return slices.Contains(e.Policies, p.name) && p.has(rule) }) {
				c.fail(e.file, e.faultOf(rule, "none of the policies has this rule"))
			}
		}
		for k, rule := range e.Rules {
			if !slices.ContainsFunc(c.policies, func(p *compiled) bool { return slices.Contains(e.Policies, p.name) && p.has(rule) }) {
				c.fail(e.file, e.fault("rules", k, "none of the policies has the rule %q", rule))
			}
		}
	}
}

// fault is an error at an entry of one of the spec's lists.
func (e *pending) fault(key string, entry int, format string, args ...any) strict.Error {
	at := valueOf(e.spec, key).Content[entry]
	return strict.Error{Line: at.Line, Column: at.Column, Path: fmt.Sprintf("spec.%s[%d]", key, entry), Msg: fmt.Sprintf(format, args...)}
}
