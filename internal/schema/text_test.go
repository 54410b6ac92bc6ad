package schema

import (
	"reflect"
	"testing"
)

type sample struct {
	Allow     []string `yaml:"allow"`
	RunAsUser int      `yaml:"runAsUser"`
	CPU       part     `yaml:"cpu"`
}

type part struct {
	Max       int  `yaml:"max"`
	MustExist bool `yaml:"mustExist"`
}

func TestLead(t *testing.T) {
	for comment, want := range map[string]string{
		"Max is the largest.":       "The largest.",
		"Max lists names.":          "Names.",
		"Max are names.":            "Names.",
		"Max: there must be one.":   "There must be one.",
		"Max bounds\nthe size.":     "Bounds\nthe size.",
		"Maximum is something else": "Maximum is something else",
		"Something else.":           "Something else.",
		"Max":                       "Max",
		"":                          "",
	} {
		if got := Lead(comment, "Max"); got != want {
			t.Errorf("%q: %q, want %q", comment, got, want)
		}
	}
}

func TestRename(t *testing.T) {
	for text, want := range map[string]string{
		"what Allow names":             "what <allow> names",
		"Allow it. Allow that (Allow)": "Allow it. Allow that (<allow>)",
		`the "Allow list"`:             `the "Allow list"`,
		"RunAsUser and runAsUser":      "<runAsUser> and <runAsUser>",
		"where MustExist is set":       "where <mustExist> is set",
		"process.runAsUser":            "process.runAsUser",
		"the CPU's Max":                "the CPU's Max", // Max is the inner struct's
		"Allowed":                      "Allowed",
	} {
		got := Rename(text, reflect.TypeFor[sample](), func(key string) string { return "<" + key + ">" })
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	got := Parse("Foo does it.\n\nMore of it:\n\n\tcode: x\n\nReads: a\nand b.\nAdjusts: c.\nSource: d(2).\nExample:\n\n\tx: 1\n\ty: 2\n")
	want := Doc{Text: "Foo does it.\n\nMore of it:\n\n\tcode: x", Reads: "a\nand b.", Adjusts: "c.", Source: "d(2).", Example: "x: 1\ny: 2"}
	if got != want {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	if v, ok := got.example(); !ok || !reflect.DeepEqual(v, map[string]any{"x": 1, "y": 2}) {
		t.Errorf("%v", v)
	}
}

func TestPlain(t *testing.T) {
	got := Plain("Max is the\nlargest.\n\n  - kept\n\nEnd of\nit.", "Max", reflect.TypeFor[part]())
	if want := "The largest.\n\n  - kept\n\nEnd of it."; got != want {
		t.Errorf("%q", got)
	}
}

func TestSplitDefault(t *testing.T) {
	for comment, want := range map[string][2]string{
		"Max is it.\nDefault: 64Mi.":        {"Max is it.", "64Mi"},
		"Max is it. Default: what\nMin is.": {"Max is it.", "what Min is"},
		"Max is it.":                        {"Max is it.", ""},
	} {
		if text, def := SplitDefault(comment); text != want[0] || def != want[1] {
			t.Errorf("%q: %q, %q", comment, text, def)
		}
	}
}
