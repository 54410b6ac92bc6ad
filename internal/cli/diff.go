package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/specguard/specguard/internal/ocispec"
)

// maxValue is how many characters of a value a line has room for.
const maxValue = 100

// printDiff prints what leads from one spec to another: what goes in red, what
// comes in green. Elements of one list of plain values share a line.
func printDiff(p *printer, changes []ocispec.Change) {
	for i := 0; i < len(changes); {
		list, n := elements(changes[i:])
		if n == 0 {
			printChange(p, "-", red, changes[i].Path, brief(changes[i].Removed))
			printChange(p, "+", green, changes[i].Path, brief(changes[i].Added))
			i++
			continue
		}
		var gone, come []string
		for _, c := range changes[i : i+n] {
			if c.Removed != "" {
				gone = append(gone, unquote(c.Removed))
			} else {
				come = append(come, unquote(c.Added))
			}
		}
		printChange(p, "-", red, list, strings.Join(gone, ", "))
		printChange(p, "+", green, list, strings.Join(come, ", "))
		i += n
	}
}

func printChange(p *printer, sign string, s style, path, value string) {
	if value != "" {
		p.line(s, "  %s %s: %s", sign, path, value)
	}
}

// elements tells how many of the first changes are about elements of one list,
// which Diff names by themselves, and the path of the list.
func elements(changes []ocispec.Change) (list string, n int) {
	for i, c := range changes {
		of, ok := strings.CutSuffix(c.Path, "."+unquote(c.Removed+c.Added))
		if !ok || (c.Removed == "") == (c.Added == "") || i > 0 && of != list {
			return list, i
		}
		list = of
	}
	return list, len(changes)
}

// unquote returns the string that the JSON is; other JSON as it is.
func unquote(text string) string {
	var s string
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return text
	}
	return s
}

// brief is the JSON as it is where there is room for it, or else what it has
// at the top.
func brief(text string) string {
	if len(text) <= maxValue {
		return text
	}
	var v any
	exact := json.NewDecoder(strings.NewReader(text))
	exact.UseNumber() // those of 64 bits are no float's
	if err := exact.Decode(&v); err != nil {
		return text
	}
	switch v := v.(type) {
	case map[string]any:
		var members []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			members = append(members, fmt.Sprintf("%q: %s", k, size(v[k])))
		}
		return "{" + strings.Join(members, ", ") + "}"
	default:
		return size(v)
	}
}

// size is a value, or how much is in it.
func size(v any) string {
	switch v := v.(type) {
	case map[string]any:
		return fmt.Sprintf("{%d members}", len(v))
	case []any:
		return fmt.Sprintf("[%d entries]", len(v))
	case string:
		if r := []rune(v); len(r) > maxValue {
			v = string(r[:maxValue]) + "..."
		}
		return fmt.Sprintf("%q", v)
	default:
		raw, _ := json.Marshal(v) // v came out of JSON
		return string(raw)
	}
}
