package adjusted

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/policy"
)

func with(text string) *specs.Spec {
	return &specs.Spec{Annotations: map[string]string{Annotation: text, "a": "b"}}
}

func TestRead(t *testing.T) {
	const note = `{"container":"9b7e","fields":[{"policy":"p","rule":"env","field":"f"}]}`
	for text, c := range map[string]struct {
		id   string
		want Trust
	}{
		note:                              {"9b7e", Verified},
		note + " ":                        {"", Unverified},
		note + "  ":                       {"77ab", Forged},
		"":                                {"9b7e", Forged},
		"{":                               {"9b7e", Forged},
		"{}":                              {"", Forged},
		note + "{}":                       {"9b7e", Forged},
		"null":                            {"9b7e", Forged},
		`{"container":"9b7e","fields":1}`: {"9b7e", Forged},
		`{"container":"9b7e","fields":[` + strings.Repeat(`{},`, maxNote) + `{}]}`: {"9b7e", Forged},
		`{"container":"9b7e","more":"` + strings.Repeat(" ", maxNote) + `"}`:       {"9b7e", Forged},
	} {
		n, trust := Read(with(text), c.id)
		if trust != c.want || (n != nil) != (trust == Verified || trust == Unverified) {
			t.Errorf("%.80s: %v %v, want %v", text, n, trust, c.want)
		}
	}
	if n, trust := Read(&specs.Spec{}, "9b7e"); n != nil || trust != Missing {
		t.Error(n, trust)
	}
	n, _ := Read(with(`{"container":"9b7e","fields":[{"policy":"p\n\u001b[2J","field":"`+strings.Repeat("x", 2000)+`"}]}`), "9b7e")
	if f := n.Fields[0]; f.Policy != "p  [2J" || len(f.Field) > 400 {
		t.Errorf("as it was written: %+v", f)
	}
}

func TestPut(t *testing.T) {
	n := &Note{Container: "9b7e", Fields: []policy.FieldChange{{Policy: "p", Rule: "r", Field: "process.user.uid", Was: "0", Now: "1"}}}
	spec := &specs.Spec{}
	Put(spec, n)
	if got, trust := Read(spec, "9b7e"); trust != Verified || !reflect.DeepEqual(got, n) {
		t.Errorf("%+v", got)
	}
	Put(spec, nil)
	if len(spec.Annotations) > 0 {
		t.Errorf("%v", spec.Annotations)
	}
}

// TestBounded: as much is written as there is room for, the first first.
func TestBounded(t *testing.T) {
	n := &Note{Container: strings.Repeat("9b7e", 16)}
	for i := range 48 {
		n.Fields = append(n.Fields, policy.FieldChange{Policy: "p", Field: fmt.Sprint(i), Was: strings.Repeat("\"", 300)})
	}
	n = n.After(&Note{Fields: n.Fields, More: 2})
	text := n.Text()
	spec := with(text)
	got, trust := Read(spec, n.Container)
	if trust != Verified || len(text) > maxNote || len(got.Fields)+got.More != 98 || len(got.Fields) < 3 || got.Fields[0].Field != "0" {
		t.Errorf("%d bytes, %v, %+v", len(text), trust, got)
	}
}
