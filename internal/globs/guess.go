package globs

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// guess is what the search finds, for most lists that people write, without a search: names, and
// patterns with * and no other wildcard. ok is false if it cannot tell.
//
// No name is shorter than what such a pattern says without its stars. So the guess tries, in the
// order of the search, all names that are as short, and all that are one character longer.
func (s *search) guess(all [][]string, none []string) (name string, ok bool) {
	if len(all) == 0 || !slices.ContainsFunc(all, starred) {
		return "", false
	}
	from := all[slices.IndexFunc(all, starred)]
	shortest := s.names.longest
	for _, text := range from {
		shortest = min(shortest, letters(text))
	}
	for more := range 2 {
		names := s.readAs(from, shortest+more)
		slices.Sort(names)
		for _, n := range names {
			if s.names.has(n) && holds(n, all, none) {
				return n, true
			}
		}
	}
	return "", false
}

// starred reports whether no pattern of the list has a wildcard other than *.
func starred(list []string) bool {
	return len(list) > 0 && !slices.ContainsFunc(list, func(text string) bool { return strings.ContainsAny(text, `?[{\/`) })
}

// letters is how many characters a pattern has besides its stars.
func letters(text string) int { return utf8.RuneCountInString(text) - strings.Count(text, "*") }

// readAs are the names of that length that the patterns read, if no star reads more than one
// character.
func (s *search) readAs(list []string, length int) []string {
	var out []string
	var alphabet []rune // once it is needed
	for _, text := range list {
		switch letters(text) {
		case length:
			out = append(out, strings.ReplaceAll(text, "*", ""))
		case length - 1:
			if alphabet == nil {
				alphabet = s.alphabet()
			}
			parts := strings.Split(text, "*")
			for i := 1; i < len(parts); i++ {
				before, after := strings.Join(parts[:i], ""), strings.Join(parts[i:], "")
				for _, c := range alphabet {
					out = append(out, before+string(c)+after)
				}
			}
		}
	}
	return out
}

// has reports whether the name has the form.
func (n *Names) has(name string) bool {
	if utf8.RuneCountInString(name) > n.longest {
		return false
	}
	state := 0
	for _, c := range name {
		next, ok := n.next(state, c)
		if !ok {
			return false
		}
		state = next
	}
	return n.whole(state)
}
