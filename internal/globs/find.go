package globs

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"
)

// Answer is whether there is a name.
type Answer int

const (
	// Unknown means that this cannot be decided.
	Unknown Answer = iota

	// None means that there is certainly no such name.
	None

	// Some means that there is one.
	Some
)

// maxStates bounds the search for a name.
const maxStates = 4096

// Find looks for a name of that form that a pattern of each of the lists in all matches, and none
// of the patterns in none. It gives the shortest one.
func Find(names Names, all [][]string, none []string) (string, Answer) {
	all = slices.Clone(all)
	for i, list := range all {
		if all[i] = left(list, none); len(all[i]) == 0 {
			return "", None
		}
	}
	s, ok := searchFor(names, all, none)
	if !ok {
		return "", Unknown
	}
	if name, ok := s.guess(all, none); ok {
		return name, Some
	}
	name, answer := s.run()
	if answer == Some && !holds(name, all, none) {
		return "", Unknown
	}
	return name, answer
}

// searchFor reads the patterns; false if there are too many.
func searchFor(names Names, all [][]string, none []string) (*search, bool) {
	s := &search{names: names}
	for _, list := range all {
		group, ok := patterns(list)
		if !ok {
			return nil, false
		}
		s.groups = append(s.groups, group)
	}
	s.groups = append(s.groups, excluding(none)) // the last
	return s, true
}

// holds asks the patterns themselves.
func holds(name string, all [][]string, none []string) bool {
	return !matches(none, name) && !slices.ContainsFunc(all, func(list []string) bool { return !matches(list, name) })
}

// matches reports whether any of the patterns matches the name.
func matches(list []string, name string) bool {
	return slices.ContainsFunc(list, func(p string) bool { return p == name || p == "**" || doublestar.MatchUnvalidated(p, name) })
}

// patterns reads a list. The names that match are among those that the result reads.
func patterns(list []string) (out []pattern, ok bool) {
	for _, text := range list {
		parts, ok := Alternatives(text)
		if !ok {
			return nil, false
		}
		for _, p := range parts {
			out = append(out, parse(p))
		}
		out = append(out, literally(text))
	}
	return out, true
}

// excluding reads a list. The names that the result reads are among those that match: patterns
// that match fewer names than they seem to are left out.
func excluding(list []string) (out []pattern) {
	for _, text := range list {
		out = append(out, literally(text))
		star, open := strings.IndexByte(text, '*'), strings.LastIndexByte(text, '{')
		if strings.ContainsAny(text, `/\`) || star >= 0 && star < open {
			continue
		}
		parts, _ := Alternatives(text)
		for _, p := range parts {
			if !strings.Contains(p, "***") {
				out = append(out, parse(p))
			}
		}
	}
	return out
}

// search looks for a name.
type search struct {
	names  Names
	groups [][]pattern // the name must match one of each, and none of the last
}

// node is what is known after some characters: where the form is, and for each group the places
// in its patterns.
type node struct {
	state  int
	places [][]place
	name   string
	length int
}

type place struct{ pattern, at int }

func (s *search) run() (string, Answer) {
	first := node{places: make([][]place, len(s.groups))}
	for g, group := range s.groups {
		for i := range group {
			first.places[g] = s.reach(g, first.places[g], place{i, 0})
		}
	}
	alphabet := s.alphabet()
	seen := map[string]bool{first.key(): true}
	for queue := []node{first}; len(queue) > 0; queue = queue[1:] {
		n := &queue[0]
		if s.found(n) {
			return n.name, Some
		}
		if n.length == s.names.longest {
			continue
		}
		for _, c := range alphabet {
			next, ok := s.step(n, c)
			if !ok || seen[next.key()] {
				continue
			}
			if len(seen) == maxStates {
				return "", Unknown
			}
			seen[next.key()] = true
			queue = append(queue, next)
		}
	}
	return "", None
}

// alphabet has a character of each range of those that nothing tells apart.
func (s *search) alphabet() []rune {
	out := slices.Clone(s.names.cuts)
	for _, group := range s.groups {
		for _, p := range group {
			out = append(out, p.cuts()...)
		}
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(c rune) bool { return !utf8.ValidRune(c) })
}

// step is what follows a character; false if no name that is looked for begins so.
func (s *search) step(n *node, c rune) (next node, ok bool) {
	next = node{places: make([][]place, len(s.groups)), name: n.name + string(c), length: n.length + 1}
	if next.state, ok = s.names.next(n.state, c); !ok {
		return next, false
	}
	last := len(s.groups) - 1
	for g := range s.groups {
		for _, p := range n.places[g] {
			pattern := s.groups[g][p.pattern]
			if p.at == len(pattern) || !pattern[p.at].reads(c) {
				continue
			}
			kind := pattern[p.at].kind
			if kind >= many {
				next.places[g] = s.add(next.places[g], p)
			}
			if kind == folders && c != '/' {
				continue // they end in one
			}
			next.places[g] = s.reach(g, next.places[g], place{p.pattern, p.at + 1})
		}
		if g != last && len(next.places[g]) == 0 {
			return next, false
		}
	}
	return next, true
}

// reach adds a place, and those behind it that need no character.
func (s *search) reach(g int, places []place, p place) []place {
	pattern := s.groups[g][p.pattern]
	for {
		places = s.add(places, p)
		if p.at == len(pattern) || !pattern[p.at].skips() {
			return places
		}
		p.at++
	}
}

func (s *search) add(places []place, p place) []place {
	if slices.Contains(places, p) {
		return places
	}
	return append(places, p)
}

// found reports whether the node's name is one that is looked for.
func (s *search) found(n *node) bool {
	if !s.names.whole(n.state) {
		return false
	}
	last := len(s.groups) - 1
	for g, group := range s.groups {
		read := slices.ContainsFunc(n.places[g], func(p place) bool { return p.at == len(group[p.pattern]) })
		if read == (g == last) {
			return false
		}
	}
	return true
}

// key is the same for nodes from which the same follows.
func (n *node) key() string {
	var b strings.Builder
	b.WriteByte(byte(n.state))
	for _, places := range n.places {
		places = slices.Clone(places)
		slices.SortFunc(places, func(a, b place) int { return (a.pattern-b.pattern)<<16 + a.at - b.at })
		b.WriteByte('|')
		for _, p := range places {
			b.WriteRune(rune(p.pattern))
			b.WriteByte(',')
			b.WriteRune(rune(p.at))
			b.WriteByte(';')
		}
	}
	return b.String()
}
