package policy

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/strict"
)

// compiler turns documents into policies and gathers every fault on the way.
type compiler struct {
	kinds    []kind
	first    map[string]string // kind and name -> where it stands
	profiles map[profileName][]layer
	policies []*compiled
	headers  map[string]header // of the policies, by name
	excuses  []pending
	errs     []*LoadError
	warnings []Warning
	notes    []Warning

	expressions expressions
}

func (c *compiler) fail(file string, errs ...strict.Error) {
	for _, e := range errs {
		msg := strings.ReplaceAll(e.Error(), "\n", `\n`) // one line, whatever a document has brought in
		c.errs = append(c.errs, &LoadError{File: file, Line: e.Line, Column: e.Column, Msg: msg})
	}
}

func (c *compiler) file(src Source) {
	docs, errs := strict.Documents(src.Data)
	for _, root := range docs {
		if root.Tag != "!!null" {
			c.document(src.Name, root)
		}
	}
	c.fail(src.Name, errs...)
}

func (c *compiler) document(file string, root *yaml.Node) {
	var doc document
	if errs := strict.Decode(root, &doc, ""); len(errs) > 0 {
		c.fail(file, errs...)
		return
	}
	if doc.Spec.Kind == 0 {
		doc.Spec = yaml.Node{Kind: yaml.MappingNode, Line: root.Line, Column: root.Column}
	}
	d := header{file: file, kind: doc.Kind, name: string(doc.Metadata.Name), root: root, spec: &doc.Spec}
	if doc.Kind == kindException {
		c.exception(d)
		return
	}
	c.policy(d)
}

// header is what is known of a document before its spec is read.
type header struct {
	file, kind, name string
	root, spec       *yaml.Node
}

// claim takes the document's name for it and reports whether it was free.
func (c *compiler) claim(d header) bool {
	first, taken := c.first[d.kind+" "+d.name]
	if taken {
		c.fail(d.file, strict.Error{Line: d.root.Line, Column: d.root.Column,
			Msg: fmt.Sprintf("%s %q is already defined at %s", strings.ToLower(d.kind), d.name, first)})
		return false
	}
	c.first[d.kind+" "+d.name] = fmt.Sprintf("%s:%d", d.file, d.root.Line)
	return true
}

// spec decodes the document's spec, and reports whether it counts.
func (c *compiler) spec(d header, out any, match *Match) bool {
	errs, warnings := strict.DecodeWarned(d.spec, out, "spec")
	c.warn(d.file, warnings...)
	if len(errs) > 0 {
		c.fail(d.file, errs...)
		return false
	}
	if !c.claim(d) {
		return false
	}
	c.fail(d.file, match.compile(&c.expressions)...)
	return true
}

func (c *compiler) policy(d header) {
	var s policySpec
	if !c.spec(d, &s, &s.Match) {
		return
	}
	p := &compiled{name: d.name, match: s.Match, mode: s.Mode, priority: s.Priority}
	if p.mode == "" {
		p.mode = ModeEnforce
	}
	rules, errs, warnings := c.rules(&s)
	c.fail(d.file, errs...)
	c.warn(d.file, warnings...)
	p.rules = rules
	c.warnOfNamespaceUsers(d, p)
	if s.OnViolation == policyAction(Adjust) && len(errs) == 0 {
		c.noteUnadjusted(d, rules)
	}
	for _, r := range rules {
		p.reads |= r.reads
	}
	if len(rules) == 0 && len(errs) == 0 {
		c.fail(d.file, strict.Error{Line: d.root.Line, Column: d.root.Column, Path: "spec", Msg: "has no rules: give it a profile or rules"})
	}
	c.policies = append(c.policies, p)
	c.headers[p.name] = d
}

// layer are rules by name, as one profile or policy writes them.
type layer map[string]*yaml.Node

// rules builds a policy's rules: those of its profile, each overridden field
// by field by what the policy says itself.
func (c *compiler) rules(s *policySpec) (out []compiledRule, errs, warnings []strict.Error) {
	own, errs := c.layer(&s.Rules, pathRules)
	base, faults := c.profile(s.Profile)
	errs = append(errs, faults...)
	for i, k := range c.kinds {
		var inherited []*yaml.Node
		for _, l := range base {
			if n := l[k.name]; n != nil {
				inherited = append(inherited, n)
			}
		}
		if len(inherited) == 0 && own[k.name] == nil {
			continue
		}
		rule, faults, doubts := k.buildFor(Action(s.OnViolation), inherited, own[k.name])
		if base != nil && len(inherited) == 0 && onlyIgnores(own[k.name]) {
			warnings = append(warnings, strict.Error{Line: own[k.name].Line, Column: own[k.name].Column, Path: pathRules + "." + k.name,
				Msg: "turns nothing off: the profile has no such rule"})
		}
		if own[k.name] != nil { // of a profile alone, nobody wrote it
			warnings = append(warnings, doubts...)
		}
		if r, ok := rule.(compiles); ok && len(faults) == 0 {
			if faults = r.compile(&c.expressions); len(faults) == 0 {
				warnings = append(warnings, r.doubts()...)
			}
		}
		errs = append(errs, faults...)
		if len(faults) == 0 && rule.Action() != Ignore {
			out = append(out, k.compiled(rule, i))
		}
	}
	return out, errs, warnings
}

// compiled is a rule of the kind, at its place in the rule table.
func (k kind) compiled(rule Rule, order int) compiledRule {
	out := compiledRule{Rule: rule, name: k.name, order: order, reads: k.readBy(rule), early: k.early}
	out.request, out.result = partsOf(rule)
	return out
}

// build decodes a rule from its layers, of which the last counts most.
func (k kind) build(layers []*yaml.Node) (rule Rule, errs, warnings []strict.Error) {
	rule = k.make()
	path := pathRules + "." + k.name
	for _, n := range layers {
		if r, ok := rule.(overridden); ok {
			r.override(func(field string) *yaml.Node { return fieldOf(n, field) })
		}
		if errs, warnings = strict.DecodeWarned(n, rule, path); len(errs) > 0 {
			return rule, errs, nil
		}
	}
	if r, ok := rule.(interface{ requests() bool }); ok && r.requests() && rule.Action() == Adjust {
		at := valueOf(layers[len(layers)-1], fieldOn)
		return rule, []strict.Error{{
			Line: at.Line, Column: at.Column, Path: path + "." + fieldOn,
			Msg: "a rule on request cannot adjust (allowed: onViolation reject, audit, ignore)",
		}}, nil
	}
	if rule.Action() == Adjust && !k.canAdjust() {
		at := valueOf(layers[len(layers)-1], fieldOnViolation)
		return rule, []strict.Error{{
			Line: at.Line, Column: at.Column, Path: path + "." + fieldOnViolation,
			Msg: "this rule cannot adjust (allowed: reject, audit, ignore)",
		}}, nil
	}
	if rule.Action() == Ignore {
		warnings = nil
	}
	return rule, nil, warnings
}

// overridden is implemented by rules in which a layer that sets one field speaks
// for another one too.
type overridden interface {
	// override is told what the next layer sets; nil is nothing.
	override(set func(field string) *yaml.Node)
}

// fieldOf gives the value of a mapping's key; nil where it has no such key.
func fieldOf(n *yaml.Node, key string) *yaml.Node {
	if v := valueOf(n, key); v != n {
		return v
	}
	return nil
}

// valueOf gives the value of a mapping's key; the mapping itself where it has no
// such key.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return n
}

// profile gives the layers of a built-in profile, read once.
func (c *compiler) profile(name profileName) ([]layer, []strict.Error) {
	if layers, ok := c.profiles[name]; ok {
		return layers, nil
	}
	var layers []layer
	var errs []strict.Error
	for _, rules := range name.layers() {
		l, faults := c.layer(rules, pathRules)
		layers, errs = append(layers, l), append(errs, faults...)
	}
	c.profiles[name] = layers
	return layers, errs
}

// pathRules is where the rules of a policy are.
const pathRules = "spec.rules"

func (c *compiler) layer(rules *yaml.Node, path string) (layer, []strict.Error) {
	out := make(layer)
	if rules.Kind == 0 {
		return out, nil
	}
	var unknown []strict.Error
	errs := strict.Members(rules, path, func(key, val *yaml.Node) {
		for _, k := range c.kinds {
			if k.name == key.Value {
				out[key.Value] = val
				return
			}
		}
		unknown = append(unknown, strict.Error{
			Line: key.Line, Column: key.Column, Path: path,
			Msg: fmt.Sprintf("unknown rule %q (allowed: %s)", key.Value, strings.Join(RuleNames(), ", ")),
		})
	})
	return out, append(errs, unknown...)
}
