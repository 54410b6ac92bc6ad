// Package globs tells whether there are names that patterns match, for names of a certain form:
// whether a pattern can match at all, whether two can match the same, whether one leaves
// something of another. Patterns are those of github.com/bmatcuk/doublestar. No name has a slash.
package globs

// Names is the form of names: an automaton that reads them.
type Names struct {
	// cuts begin the ranges of characters that the form tells apart.
	cuts []rune

	// next is the state after a character; false for one that cannot stand there. The first
	// state is 0.
	next func(state int, c rune) (int, bool)

	// whole reports whether a name can end in the state.
	whole func(state int) bool

	// longest is the length of the longest name.
	longest int
}

// The states of an automaton that reads a DNS label.
const (
	labelStart = iota
	labelAfterLetter
	labelAfterDash
)

// DNSLabels are the names of Kubernetes' namespaces and containers: DNS labels (RFC 1123).
func DNSLabels() Names {
	return Names{
		cuts: []rune{'-', '-' + 1, '0', '9' + 1, 'a', 'z' + 1},
		next: func(state int, c rune) (int, bool) {
			switch {
			case '0' <= c && c <= '9', 'a' <= c && c <= 'z':
				return labelAfterLetter, true
			case c == '-' && state != labelStart:
				return labelAfterDash, true
			default:
				return 0, false
			}
		},
		whole:   func(state int) bool { return state == labelAfterLetter },
		longest: 63,
	}
}

// OptionalDNSLabels are DNS labels and the empty name.
func OptionalDNSLabels() Names {
	n := DNSLabels()
	label := n.whole
	n.whole = func(state int) bool { return state == labelStart || label(state) }
	return n
}

// Words are names of any characters but a slash and these. They can be empty.
func Words(without string, longest int) Names {
	without += "/"
	var cuts []rune
	for _, c := range without {
		cuts = append(cuts, c, c+1)
	}
	return Names{
		cuts: append(cuts, 'a'),
		next: func(_ int, c rune) (int, bool) {
			for _, w := range without {
				if c == w {
					return 0, false
				}
			}
			return 0, true
		},
		whole:   func(int) bool { return true },
		longest: longest,
	}
}
