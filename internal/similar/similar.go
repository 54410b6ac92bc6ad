// Package similar finds the name that was probably meant.
package similar

import "strings"

// To returns the name that is most like the given one; "" if none is like it. Of equally similar
// names it returns the first. The case of letters does not matter.
func To(given string, names []string) string {
	best, least := "", limit(given)+1
	for _, n := range names {
		if n == "" {
			continue
		}
		if d := distance(strings.ToLower(given), strings.ToLower(n)); d < least {
			best, least = n, d
		}
	}
	if best == "" && len(given) > 2 {
		for _, n := range names {
			if strings.HasPrefix(strings.ToLower(n), strings.ToLower(given)) {
				return n
			}
		}
	}
	return best
}

// Hint is ": did you mean NAME?" with the name that is most like the given one; "" if none is.
func Hint(given string, names []string) string {
	if n := To(given, names); n != "" {
		return ": did you mean " + n + "?"
	}
	return ""
}

// limit is how many typing errors a name of that length may have.
func limit(given string) int { return min(3, max(1, len(given)/3)) }

// distance counts the typing errors that lead from one text to the other: characters that are
// missing, too many, wrong, or swapped with the next one.
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	before, last, row := make([]int, len(to)+1), make([]int, len(to)+1), make([]int, len(to)+1)
	for j := range last {
		last[j] = j
	}
	for i, x := range from {
		row[0] = i + 1
		for j, y := range to {
			wrong := 1
			if x == y {
				wrong = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+wrong)
			if i > 0 && j > 0 && x == to[j-1] && from[i-1] == y {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(to)]
}
