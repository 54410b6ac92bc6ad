package globs

import (
	"strings"
	"unicode/utf8"
)

// pattern is one without alternatives, as an automaton whose states are the places in it. The
// last place is its end.
type pattern []element

// element reads a character, or several.
type element struct {
	kind   kind
	set    []span // of one
	negate bool
}

type kind int

const (
	one      kind = iota // a character of the set
	anyOne               // any character but a slash
	many                 // any characters but slashes
	anything             // any characters
	folders              // nothing, or anything that ends in a slash
)

// span is a range of characters, with both ends.
type span struct{ first, last rune }

// reads reports whether the element can read the character.
func (e *element) reads(c rune) bool {
	switch e.kind {
	case one:
		for _, s := range e.set {
			if s.first <= c && c <= s.last {
				return !e.negate
			}
		}
		return e.negate
	case anyOne, many:
		return c != '/'
	default:
		return true
	}
}

// skips reports whether the element can read nothing.
func (e *element) skips() bool { return e.kind >= many }

func literal(c rune) element { return element{set: []span{{c, c}}} }

// literally is the pattern that only the text matches.
func literally(text string) pattern {
	var out pattern
	for _, c := range text {
		out = append(out, literal(c))
	}
	return out
}

// parse reads a pattern without alternatives.
func parse(text string) pattern {
	var out pattern
	start := true // of a part between slashes
	for len(text) > 0 {
		var e element
		switch {
		case text == "**/", start && text == "**":
			e, text = element{kind: anything}, ""
		case start && strings.HasPrefix(text, "**/"):
			e, text = element{kind: folders}, text[3:]
			out = append(out, e)
			continue // what follows starts a part, too
		case text == "/**" || text == "/**/":
			// a/** matches a, too.
			return append(out, element{kind: anything})
		case text[0] == '*':
			e, text = element{kind: many}, strings.TrimPrefix(text[1:], "*")
		case text[0] == '?':
			e, text = element{kind: anyOne}, text[1:]
		case text[0] == '[':
			e, text = class(text[1:])
		default:
			text = strings.TrimPrefix(text, `\`)
			c, n := utf8.DecodeRuneInString(text)
			e, text = literal(c), text[n:]
			start = c == '/'
			out = append(out, e)
			continue
		}
		start = false
		out = append(out, e)
	}
	return out
}

// class reads what follows a bracket.
func class(text string) (e element, rest string) {
	if text[0] == '!' || text[0] == '^' {
		e.negate, text = true, text[1:]
	}
	read := func() rune {
		text = strings.TrimPrefix(text, `\`)
		c, n := utf8.DecodeRuneInString(text)
		text = text[n:]
		return c
	}
	for text != "" && text[0] != ']' {
		from := read()
		if strings.HasPrefix(text, "-") && len(text) > 1 && text[1] != ']' {
			text = text[1:]
			e.set = append(e.set, span{from, read()})
			continue
		}
		e.set = append(e.set, span{from, from})
	}
	return e, strings.TrimPrefix(text, "]")
}

// cuts begin the ranges of characters that the pattern tells apart.
func (p pattern) cuts() []rune {
	out := []rune{'/', '/' + 1}
	for _, e := range p {
		for _, s := range e.set {
			out = append(out, s.first, s.last+1)
		}
	}
	return out
}

// maxAlternatives bounds how many patterns one with {a,b} stands for.
const maxAlternatives = 256

// Alternatives are the patterns that one with {a,b} stands for; false for too many.
func Alternatives(text string) (all []string, ok bool) {
	open := unescaped(text, '{')
	if open < 0 {
		return []string{text}, true
	}
	var parts []string
	depth, from := 0, open+1
	for i := open; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case c == '[':
			i += max(unescaped(text[i:], ']'), 0)
		case c == '{':
			depth++
		case c == ',' && depth == 1:
			parts, from = append(parts, text[from:i]), i+1
		case c == '}':
			if depth--; depth > 0 {
				continue
			}
			for _, part := range append(parts, text[from:i]) {
				more, ok := Alternatives(text[:open] + part + text[i+1:])
				if all = append(all, more...); !ok || len(all) > maxAlternatives {
					return nil, false
				}
			}
			return all, true
		}
	}
	return nil, false
}

// unescaped finds a byte that neither follows a backslash nor, but for a bracket, stands in
// brackets; -1 for none.
func unescaped(text string, b byte) int {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case text[i] == b && (b != ']' || i > 0):
			return i
		case text[i] == '[' && b != ']':
			i += max(unescaped(text[i:], ']'), 0)
		}
	}
	return -1
}
