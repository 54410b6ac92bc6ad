package globs

import (
	"slices"
	"strings"
	"testing"

	"github.com/bmatcuk/doublestar/v4"
	"pgregory.net/rapid"
)

func TestFind(t *testing.T) {
	label := strings.Repeat("a", 63)
	for _, tt := range []struct {
		all  [][]string
		none []string
		name string
		want Answer
	}{
		{[][]string{{"team-a"}}, nil, "team-a", Some},
		{[][]string{{"Team-A"}}, nil, "", None},
		{[][]string{{"team_*"}}, nil, "", None},
		{[][]string{{"-*"}}, nil, "", None},
		{[][]string{{"*-"}}, nil, "", None},
		{[][]string{{"a.b"}}, nil, "", None},
		{[][]string{{"a/b"}}, nil, "", None},
		{[][]string{{"a/**"}}, nil, "a", Some},
		{[][]string{{"**/a"}}, nil, "a", Some},
		{[][]string{{"[A-Z]*"}}, nil, "", None},
		{[][]string{{"[!a-z]"}}, nil, "0", Some},
		{[][]string{{"{A,B,c}"}}, nil, "c", Some},
		{[][]string{{"{A,B}"}}, nil, "", None},
		{[][]string{{""}}, nil, "", None},
		{[][]string{{"*"}}, nil, "0", Some},
		{[][]string{{label}}, nil, label, Some},
		{[][]string{{label + "a"}}, nil, "", None},
		{[][]string{{label + "*"}}, nil, label, Some},
		{[][]string{{"a"}}, []string{"a"}, "", None},
		{[][]string{{"a?"}}, []string{"a[a-z]"}, "a0", Some},
		{[][]string{{"a?"}}, []string{"a[a-z]", "a[0-9]"}, "", None},
		{[][]string{{"**"}}, []string{"*"}, "", None},
		{[][]string{{"**"}}, []string{"?*"}, "", None},
		{[][]string{{"**"}}, []string{"[a-z0-9]*[a-z0-9]", "[a-z]", "[0-9]"}, "", None},
		{[][]string{{"kube-syste?"}}, []string{"kube-system"}, "kube-syste0", Some},
		{[][]string{{"kube-syste[m]"}}, []string{"kube-system"}, "", None},
		{[][]string{{"team-*"}, {"*-a"}}, nil, "team-a", Some},
		{[][]string{{"team-*"}, {"other-*", "x"}}, nil, "", None},
		{[][]string{{"{" + strings.Repeat("a,", 300) + "b}"}}, nil, "", Unknown},
	} {
		if name, got := Find(DNSLabels(), tt.all, tt.none); got != tt.want || name != tt.name {
			t.Errorf("%q, none of %q: %q %v, want %q %v", tt.all, tt.none, name, got, tt.name, tt.want)
		}
	}
	if name, got := Find(OptionalDNSLabels(), [][]string{{"*"}}, nil); got != Some || name != "" {
		t.Errorf("%q %v", name, got)
	}
	if name, got := Find(Words("=", 5), [][]string{{"LD_*"}}, []string{"LD_?"}); got != Some || name != "LD_" {
		t.Errorf("%q %v", name, got)
	}
	if _, got := Find(Words("=", 5), [][]string{{"LD_*"}}, []string{"L*"}); got != None {
		t.Errorf("%v", got)
	}
}

// drawPattern draws a pattern, most of whose parts can stand in names of few characters.
func drawPattern(t *rapid.T) string {
	for {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{
			"a", "b", "-", "*", "*", "?", "[ab]", "[!a]", "[^-a]", "[a-]", "[-b]", "[]", "{a,b}", "{", "}", ",", "{*,a}", "{a*,}", "**", "/",
			"/**", "**/", "***", `\`, `\a`, `[\a-b]`, "A", ".",
		}), 0, 6).Draw(t, "pattern")
		if p := strings.Join(parts, ""); doublestar.ValidatePattern(p) {
			return p
		}
	}
}

// words are all words of up to so many of these characters.
func words(characters string, longest int) []string {
	out := []string{""}
	for from := 0; longest > 0; longest-- {
		words := out[from:]
		from = len(out)
		for _, w := range words {
			for _, c := range characters {
				out = append(out, w+string(c))
			}
		}
	}
	return out
}

// What Find says holds for all short names. It never says that there is none where there is one.
func TestPropertyFind(t *testing.T) {
	labels := slices.DeleteFunc(words("ab-", 5), func(w string) bool {
		return w == "" || strings.HasPrefix(w, "-") || strings.HasSuffix(w, "-")
	})
	free := words("ab-A", 4)
	unknown, all := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		lists := make([][]string, rapid.IntRange(1, 2).Draw(t, "lists"))
		for i := range lists {
			lists[i] = rapid.SliceOfN(rapid.Custom(drawPattern), 1, 2).Draw(t, "list")
		}
		none := rapid.SliceOfN(rapid.Custom(drawPattern), 0, 2).Draw(t, "none")
		for _, form := range []struct {
			names Names
			known []string
		}{{DNSLabels(), labels}, {Words("=", 6), free}} {
			name, answer := Find(form.names, lists, none)
			if all++; answer == Unknown {
				unknown++
			}
			if answer == Some && !holds(name, lists, none) {
				t.Fatalf("%q, none of %q: not %q", lists, none, name)
			}
			for _, w := range form.known {
				if answer == None && holds(w, lists, none) {
					t.Fatalf("%q, none of %q: there is %q", lists, none, w)
				}
			}
		}
	})
	if unknown*10 > all {
		t.Errorf("%d of %d cannot be decided", unknown, all)
	}
}

// What is guessed is what the search finds.
func TestPropertyGuess(t *testing.T) {
	guessed := 0
	list := rapid.Custom(func(t *rapid.T) []string {
		return rapid.SliceOfN(rapid.StringMatching(`[ab0A.-]{0,2}[*]{0,2}[ab0-]{0,2}[*]{0,1}[é-]{0,1}`), 1, 3).Draw(t, "list")
	})
	rapid.Check(t, func(t *rapid.T) {
		lists := rapid.SliceOfN(list, 1, 2).Draw(t, "lists")
		none := rapid.SliceOfN(rapid.Custom(drawPattern), 0, 2).Draw(t, "none")
		for _, names := range []Names{DNSLabels(), OptionalDNSLabels(), Words("=", 4)} {
			s, ok := searchFor(names, lists, none)
			if !ok {
				t.Fatalf("%q cannot be read", lists)
			}
			name, ok := s.guess(lists, none)
			if !ok {
				continue
			}
			guessed++
			if found, answer := s.run(); answer == None || answer == Some && holds(found, lists, none) && found != name {
				t.Fatalf("%q, none of %q: guessed %q, found %q, %v", lists, none, name, found, answer)
			}
		}
	})
	if guessed == 0 {
		t.Error("nothing was guessed")
	}
}
