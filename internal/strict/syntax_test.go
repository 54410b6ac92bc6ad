package strict

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestSyntaxPlaces: an error is where a reader would look for it.
func TestSyntaxPlaces(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"a: 1\n b: 2\n", "2:3 mapping values are not allowed in this context"},
		{"a: 1\nb:\n  - x\n  y: 1\n", "4:3 did not find expected '-' indicator (while parsing a block collection that begins in line 3)"},
		{"a: [1,\nb: 2\n", "1:4 did not find expected ',' or ']'"},
		{"a: 1\nb: 'x\nc: 1\n", "2:4 found unexpected end of stream"},
		{"a: b\nk2\nk3: v\n", "2:1 could not find expected ':'"},
		{"a: 1\n\tb: 2\n", "2:1 found a tab character that violates indentation"},
		{"a: 1\nb: @z\n", "2:4 found character that cannot start any token"},
		{"a: 1\nb: \"\\q\"\n", "2:4 found unknown escape character"},
		{"a: 1\nb: *secret\n", "2:4 an alias (*) without an anchor; put a text that begins with * in quotes"},
		{"a: 1\n---\nb: {\n\n", "3:5 did not find expected node content"},
		{"a: 1\nb: \xff\n", "1:1 invalid leading UTF-8 octet"},
	} {
		_, errs := Documents([]byte(tt.text))
		if len(errs) != 1 {
			t.Errorf("%q: %v", tt.text, errs)
			continue
		}
		e := errs[0]
		if got := fmt.Sprintf("%d:%d %s", e.Line, e.Column, strings.TrimPrefix(e.Msg, "invalid YAML: ")); got != tt.want {
			t.Errorf("%q:\n got %s\nwant %s", tt.text, got, tt.want)
		}
	}
}

// TestDocuments: no document hides another one, nor its faults, and lines are those of the whole text.
func TestDocuments(t *testing.T) {
	for _, tt := range []struct{ text, docs, errs string }{
		{"a: 1\n---\nb: 2\n", "1:a 3:b", ""},
		{"a: [\n---\nb: 2\n---\nc: {\n---\nd: 4", "3:b 7:d", "1 5"},
		{"# c\n\na: 1\n--- \nb:\n\t- x\n...\n---\r\nc: 3\r\n", "3:a 9:c", "6"},
		{"a: |\n  ---\n  b\n--- # c\nb: c: d\n--- {e: 5}\n---\n", "1:a 6:e 8:", "5"},
		{"----\na: b: c\n", "", "2"},
		{"", "", ""},
	} {
		docs, errs := Documents([]byte(tt.text))
		var got, faults []string
		for _, n := range docs {
			name := ""
			if n.Kind == yaml.MappingNode {
				name = n.Content[0].Value
			}
			got = append(got, fmt.Sprintf("%d:%s", n.Line, name))
		}
		for _, e := range errs {
			faults = append(faults, fmt.Sprint(e.Line))
		}
		if !slices.Equal(got, strings.Fields(tt.docs)) || !slices.Equal(faults, strings.Fields(tt.errs)) {
			t.Errorf("%q: %q, errors in %q", tt.text, got, faults)
		}
	}
}
