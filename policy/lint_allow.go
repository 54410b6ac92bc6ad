package policy

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/strict"
)

// warnOfAllowances warns of what exceptions allow in addition: too much, or nothing.
func (c *compiler) warnOfAllowances() {
	policies := make(map[string]*compiled, len(c.policies))
	for _, p := range c.policies {
		policies[p.name] = p
	}
	for i := range c.excuses {
		e := &c.excuses[i]
		for _, name := range e.Bounded {
			var plain []widens
			for _, p := range e.Policies {
				if r := policies[p].rule(name); r != nil {
					plain = append(plain, r)
				}
			}
			if len(plain) == 0 {
				continue // an error
			}
			c.warn(e.file, e.doubts(name)...)
			c.warn(e.file, e.excessive(name, plain)...)
			c.warn(e.file, e.idle(name, plain)...)
		}
	}
}

// rule is the policy's rule of that name; nil for none.
func (p *compiled) rule(name string) widens {
	if p == nil {
		return nil
	}
	for i := range p.rules {
		if p.rules[i].name == name {
			return p.rules[i].Rule.(widens)
		}
	}
	return nil
}

// placeOf finds an entry of a list of the rule, or with -1 the whole list.
func (e *pending) placeOf(rule, field string, entry int) strict.Place {
	keys := []any{"allow", rule}
	if len(e.allows[rule].allowLists()) > 1 {
		keys = append(keys, field)
	}
	if entry >= 0 {
		keys = append(keys, entry)
	}
	return (&header{spec: e.spec}).place(keys...)
}

// doubts are what the rule itself doubts of such lists, wherever they stand.
func (e *pending) doubts(rule string) []strict.Error {
	lists := e.allows[rule].allowLists()
	node, path := valueOf(valueOf(e.spec, "allow"), rule), pathAllow+"."+rule
	if len(lists) == 1 {
		key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: lists[0].field}
		node = &yaml.Node{Kind: yaml.MappingNode, Line: node.Line, Column: node.Column, Content: []*yaml.Node{key, node}}
	}
	own := kinds()[slices.Index(RuleNames(), rule)].make()
	_, warnings := strict.DecodeWarned(node, own, path)
	var out []strict.Error
	for _, w := range warnings {
		if strings.HasSuffix(w.Msg, checksNothing) {
			continue // excessive says so in other words
		}
		if rest, ok := strings.CutPrefix(w.Path, path+"."+lists[0].field); ok && len(lists) == 1 {
			w.Path = path + rest
		}
		out = append(out, w)
	}
	return out
}

// excessive tells of lists with which each of the rules checks nothing any more.
func (e *pending) excessive(rule string, plain []widens) []strict.Error {
	for _, r := range plain {
		if !checksNone(widened(r, e.allows[rule])) {
			return nil
		}
	}
	return []strict.Error{e.placeOf(rule, "", -1).Fault("allows all that the rule checks (to excuse from all of a rule, name it in rules)")}
}

// checksNone reports whether the rule says itself that no container can break it.
func checksNone(r Rule) bool {
	var said []error
	if v, ok := r.(strict.Validator); ok {
		said = append(said, v.Validate())
	}
	if w, ok := r.(strict.Warner); ok {
		said = append(said, w.Warnings()...)
	}
	return slices.ContainsFunc(said, func(err error) bool { return err != nil && strings.HasSuffix(err.Error(), checksNothing) })
}

// idle tells of entries that give nothing with any of the rules.
func (e *pending) idle(rule string, plain []widens) []strict.Error {
	type entry struct {
		field string
		at    int
	}
	count, why := make(map[entry]int), make(map[entry]string)
	var order []entry
	for _, r := range plain {
		for _, i := range r.idle(e.allows[rule]) {
			at := entry{i.field, i.at}
			if count[at]++; count[at] == 1 {
				order, why[at] = append(order, at), i.why
			}
		}
	}
	var out []strict.Error
	for _, at := range order {
		if count[at] == len(plain) {
			out = append(out, e.placeOf(rule, at.field, at.at).Fault("gives nothing: %s", why[at]))
		}
	}
	return out
}

// idleEntry is an entry of a list that gives nothing.
type idleEntry struct {
	field string
	at    int
	why   string
}

// idleOf are the entries of a list for which there is a reason.
func idleOf[T any](field string, entries []T, why func(T) string) []idleEntry {
	var out []idleEntry
	for i, e := range entries {
		if w := why(e); w != "" {
			out = append(out, idleEntry{field, i, w})
		}
	}
	return out
}

// allowedAlready is the reason of most.
const allowedAlready = "the rule allows it already"

// noList is the reason where the rule has no such list.
func noList(field string) string {
	return fmt.Sprintf("the rule has no %s, so no container is denied for want of an entry (to excuse from the rest of the rule, "+
		"name it in rules)", field)
}

// oneOfThese is the reason if the list holds the entry.
func oneOfThese[T comparable](list []T) func(T) string {
	return func(v T) string {
		if slices.Contains(list, v) {
			return allowedAlready
		}
		return ""
	}
}

// coveredAlready is the reason if a pattern covers all that the entry covers.
func coveredAlready(list []Glob) func(Glob) string {
	return func(g Glob) string {
		if slices.Contains(list, g) || slices.ContainsFunc(list, isEverything) || !g.wild() && matchAny(list, string(g)) {
			return allowedAlready
		}
		return ""
	}
}
