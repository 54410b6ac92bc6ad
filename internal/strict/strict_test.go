package strict

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"gopkg.in/yaml.v3"
)

// color is a scalar that refuses values.
type color string

func (c *color) UnmarshalText(text []byte) error {
	if string(text) != "red" && string(text) != "blue" {
		return fmt.Errorf("%q is no color (allowed: red, blue)", text)
	}
	*c = color(text)
	return nil
}

// spot is a scalar that keeps where it stands.
type spot struct {
	text string
	at   Place
}

func (s *spot) UnmarshalText(text []byte) error {
	s.text = string(text)
	return nil
}

func (s *spot) SetPlace(p Place) { s.at = p }

func TestPlace(t *testing.T) {
	var got struct {
		Spots []spot `yaml:"spots"`
	}
	if errs := decode(t, "spots:\n- a\n- b c", &got); errs != nil {
		t.Fatal(errs)
	}
	want := []spot{{"a", Place{2, 3, "spots[0]"}}, {"b c", Place{3, 3, "spots[1]"}}}
	if !slices.Equal(got.Spots, want) {
		t.Errorf("\n got %+v\nwant %+v", got.Spots, want)
	}
	if got, want := want[1].at.Fault("is %s", "wrong"), (Error{Line: 3, Column: 3, Path: "spots[1]", Msg: "is wrong"}); got != want {
		t.Errorf("%+v", got)
	}
}

type base struct {
	Base string `yaml:"base"`
}

type part struct {
	Min int `yaml:"min"`
	Max int `yaml:"max"`
}

func (p *part) Validate() error {
	switch {
	case p.Min > p.Max:
		return Field("min", "%d is above max %d", p.Min, p.Max)
	case p.Max == 13:
		return errors.New("unlucky")
	case p.Max == 14:
		return Field("gone", "is not there")
	}
	return nil
}

type thing struct {
	base  `yaml:",inline"`
	Name  string            `yaml:"name"`
	On    bool              `yaml:"on"`
	Count int               `yaml:"count"`
	Big   int64             `yaml:"big"`
	ID    *uint32           `yaml:"id"`
	Color color             `yaml:"color"`
	List  []string          `yaml:"list"`
	Parts []part            `yaml:"parts"`
	Map   map[string]string `yaml:"map"`
	Node  yaml.Node         `yaml:"node"`
	Odd   float64           `yaml:"odd"`
	Skip  string            `yaml:"-"`
	None  string
}

func decode(t *testing.T, text string, out any) []string {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range Decode(doc.Content[0], out, "") {
		got = append(got, fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e))
	}
	return got
}

func TestDecode(t *testing.T) {
	var got thing
	text := `
base: b
name: n
on: true
count: -3
big: 9223372036854775807
id: 4294967295
color: red
list: [a, "1"]
parts: [{min: 1, max: 2}, {max: 3}]
map: {k: v, "y": "1"}
node: {any: [thing]}
`
	if errs := decode(t, text, &got); errs != nil {
		t.Fatal(errs)
	}
	if got.Node.Kind != yaml.MappingNode || got.Node.Line != 12 {
		t.Errorf("node: %+v", got.Node)
	}
	got.Node = yaml.Node{}
	want := thing{
		base: base{"b"}, Name: "n", On: true, Count: -3, Big: 1<<63 - 1, ID: new(uint32(1<<32 - 1)), Color: "red",
		List: []string{"a", "1"}, Parts: []part{{1, 2}, {0, 3}}, Map: map[string]string{"k": "v", "y": "1"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}

// TestDecodeOver: what a document does not name is kept; a list that it names
// takes the place of the old one.
func TestDecodeOver(t *testing.T) {
	got := thing{Name: "old", Count: 1, List: []string{"a", "b"}, Map: map[string]string{"a": "b"}, Parts: []part{{1, 2}}}
	if errs := decode(t, "{count: 2, list: [], map: {c: d}}", &got); errs != nil {
		t.Fatal(errs)
	}
	want := thing{Name: "old", Count: 2, List: []string{}, Map: map[string]string{"c": "d"}, Parts: []part{{1, 2}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}

func TestDecodeErrors(t *testing.T) {
	const allowed = "(allowed: base, name, on, count, big, id, color, list, parts, map, node, odd)"
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"nam: x", []string{`1:1: unknown field "nam" ` + allowed}},
		{"Skip: x", []string{`1:1: unknown field "Skip" ` + allowed}},
		{"None: x", []string{`1:1: unknown field "None" ` + allowed}},
		{"Name: x", []string{`1:1: unknown field "Name" ` + allowed}},
		{"name: x\nname: y", []string{`2:1: duplicate field "name" (first on line 1)`}},
		{"[]", []string{"1:1: must be a mapping, not a list"}},
		{"text", []string{`1:1: must be a mapping, not "text"`}},
		{"? [a]\n: b", []string{"1:3: key must be a plain string"}},
		{"<<: {name: x}", []string{"1:1: key must be a plain string"}},
		{"name:", []string{"1:6: name: must not be empty"}},
		{"name: ~", []string{"1:7: name: must not be empty"}},
		{"name: 1", []string{`1:7: name: must be a string, not "1" (quote it to make it one)`}},
		{"name: true", []string{`1:7: name: must be a string, not "true" (quote it to make it one)`}},
		{"name: 2001-01-01", []string{`1:7: name: must be a string, not "2001-01-01" (quote it to make it one)`}},
		{"name: [a]", []string{"1:7: name: must be a string, not a list (quote it to make it one)"}},
		{"name: {a: b}", []string{"1:7: name: must be a string, not a mapping (quote it to make it one)"}},
		{"base: 1", []string{`1:7: base: must be a string, not "1" (quote it to make it one)`}},
		{"on: yes", []string{`1:5: on: must be true or false, not "yes"`}},
		{"on: 1", []string{`1:5: on: must be true or false, not "1"`}},
		{`on: "true"`, []string{`1:5: on: must be true or false, not "true"`}},
		{"count: a", []string{`1:8: count: must be a whole number, not "a"`}},
		{"count: 1.5", []string{`1:8: count: must be a whole number, not "1.5"`}},
		{`count: "1"`, []string{`1:8: count: must be a whole number, not "1"`}},
		{"count: 0x10", []string{`1:8: count: must be a whole number, not "0x10"`}},
		{"count: 010", []string{`1:8: count: must be a whole number, not "010"`}},
		{"count: -01", []string{`1:8: count: must be a whole number, not "-01"`}},
		{"id: 01", []string{`1:5: id: must be a whole number from 0 to 4294967295, not "01"`}},
		{"count: 0", nil},
		{"big: 9223372036854775808", []string{`1:6: big: must be a whole number, not "9223372036854775808"`}},
		{"count: [1]", []string{"1:8: count: must be a whole number, not a list"}},
		{"id: -1", []string{`1:5: id: must be a whole number from 0 to 4294967295, not "-1"`}},
		{"id: 4294967296", []string{`1:5: id: must be a whole number from 0 to 4294967295, not "4294967296"`}},
		{"id:", []string{"1:4: id: must not be empty"}},
		{"odd: 1.5", []string{"1:6: odd: cannot be set here"}},
		{"color: green", []string{`1:8: color: "green" is no color (allowed: red, blue)`}},
		{"color: [red]", []string{"1:8: color: must be a single value, not a list"}},
		{"color: !red", []string{`1:8: color: must be plain, not tagged !red (quote it)`}},
		{"color: !red red", []string{`1:8: color: must be plain, not tagged !red (quote it)`}},
		{"color: !!str red", nil},
		{"color:", []string{"1:7: color: must not be empty"}},
		{"list: a", []string{`1:7: list: must be a list, not "a"`}},
		{"list: {a: b}", []string{"1:7: list: must be a list, not a mapping"}},
		{"list: [a, 1, ~]", []string{`1:11: list[1]: must be a string, not "1" (quote it to make it one)`, "1:14: list[2]: must not be empty"}},
		{"map: [a]", []string{"1:6: map: must be a mapping, not a list"}},
		{"map: {a: 1}", []string{`1:10: map.a: must be a string, not "1" (quote it to make it one)`}},
		{"map: {a: b, a: c}", []string{`1:13: map: duplicate field "a" (first on line 1)`}},
		{`map: {"a\nb": 1}`, []string{`1:15: map."a\nb": must be a string, not "1" (quote it to make it one)`}},
		{"name: &x a", []string{"1:7: name: anchors and aliases are not allowed"}},
		{"name: &x a\nbase: *x", []string{"1:7: name: anchors and aliases are not allowed", "2:7: base: anchors and aliases are not allowed"}},
		{"&x name: a", []string{"1:1: key must be a plain string"}},
		{"node: &x {}", []string{"1:7: node: anchors and aliases are not allowed"}},
		{"parts: [{min: 3, max: 2}]", []string{"1:15: parts[0].min: 3 is above max 2"}},
		{"parts: [{max: -1}]", []string{"1:9: parts[0].min: 0 is above max -1"}},
		{"parts: [{max: 13}]", []string{"1:9: parts[0]: unlucky"}},
		{"parts: [{max: 14}]", []string{"1:9: parts[0].gone: is not there"}},
		// What depends on a field that is faulty is not asked.
		{"parts: [{min: 3, max: x}]", []string{`1:23: parts[0].max: must be a whole number, not "x"`}},
		{"nam: x\ncount: x\nlist: x", []string{`1:1: unknown field "nam" ` + allowed, `2:8: count: must be a whole number, not "x"`, `3:7: list: must be a list, not "x"`}},
	} {
		if got := decode(t, tt.text, &thing{}); !slices.Equal(got, tt.want) {
			t.Errorf("%s\n got %q\nwant %q", tt.text, got, tt.want)
		}
	}
}

func TestMembers(t *testing.T) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte("b: 1\na: 2\nb: 3\n"), &doc); err != nil {
		t.Fatal(err)
	}
	var keys []string
	errs := Members(doc.Content[0], "at", func(key, _ *yaml.Node) { keys = append(keys, key.Value) })
	if !slices.Equal(keys, []string{"b", "a"}) || len(errs) != 1 || errs[0].Error() != `at: duplicate field "b" (first on line 1)` {
		t.Errorf("%q %v", keys, errs)
	}
	if errs := Members(&yaml.Node{Kind: yaml.SequenceNode}, "at", nil); len(errs) != 1 || errs[0].Error() != "at: must be a mapping, not a list" {
		t.Errorf("%v", errs)
	}
}

// doubted is a scalar that is valid and odd where it is "odd".
type doubted string

func (d *doubted) UnmarshalText(text []byte) error {
	*d = doubted(text)
	if *d == "bad" {
		return errors.New("is bad")
	}
	return nil
}

func (*doubted) Doubt(text string) error {
	if text == "odd" || text == "bad" {
		return fmt.Errorf("%q is odd", text)
	}
	return nil
}

func TestDoubtedScalars(t *testing.T) {
	var node yaml.Node
	if err := yaml.Unmarshal([]byte("[even, odd, bad]"), &node); err != nil {
		t.Fatal(err)
	}
	errs, warnings := DecodeWarned(node.Content[0], &[]doubted{}, "p")
	if want := []Error{{1, 13, "p[2]", "is bad"}}; !slices.Equal(errs, want) {
		t.Errorf("%v", errs)
	}
	if want := []Error{{1, 8, "p[1]", `"odd" is odd`}}; !slices.Equal(warnings, want) {
		t.Errorf("%v", warnings)
	}
}

// judged is a struct that says something about its fields.
type judged struct {
	List  []string `yaml:"list"`
	Inner struct {
		Word string `yaml:"word"`
	} `yaml:"inner"`
}

func (j *judged) Validate() error {
	if j.Inner.Word == "bad" {
		return errors.Join(Field("inner", "is bad"), Entry("list", 1, "is bad, too"), Entry("list", 9, "is not there"), errors.New("all is bad"))
	}
	return nil
}

func (j *judged) Warnings() []error {
	return []error{Entry("list", 0, "is odd"), Field("other", "is not there")}
}

func TestJudged(t *testing.T) {
	texts := func(errs []Error) (out []string) {
		for _, e := range errs {
			out = append(out, fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Error()))
		}
		return out
	}
	for word, want := range map[string][2][]string{
		"good": {nil, {"1:8: p.list[0]: is odd", "1:1: p.other: is not there"}},
		"bad": {
			{"2:8: p.inner: is bad", "1:11: p.list[1]: is bad, too", "1:7: p.list[9]: is not there", "1:1: p: all is bad"},
			{"1:8: p.list[0]: is odd", "1:1: p.other: is not there"},
		},
	} {
		var node yaml.Node
		if err := yaml.Unmarshal([]byte("list: [a, b]\ninner: {word: "+word+"}\n"), &node); err != nil {
			t.Fatal(err)
		}
		errs, warnings := DecodeWarned(node.Content[0], &judged{}, "p")
		if got := [2][]string{texts(errs), texts(warnings)}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q", word, got)
		}
	}
}
