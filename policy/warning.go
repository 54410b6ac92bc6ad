package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/strict"
)

// Warning is something in a policy file that is valid and probably not what its writer means.
type Warning struct {
	File         string
	Line, Column int // counted from 1; 0 where it is about the whole file
	Msg          string
}

func (w Warning) String() string {
	if w.Line == 0 {
		return w.File + ": " + w.Msg
	}
	return fmt.Sprintf("%s:%d:%d: %s", w.File, w.Line, w.Column, w.Msg)
}

// Warnings returns what in the files is probably not meant, by file and place.
func (s *Set) Warnings() []Warning { return slices.Clone(s.warnings) }

// warn gathers warnings about a file.
func (c *compiler) warn(file string, warnings ...strict.Error) {
	for _, w := range warnings {
		msg := strings.ReplaceAll(w.Error(), "\n", `\n`) // one line, whatever a document has brought in
		c.warnings = append(c.warnings, Warning{File: file, Line: w.Line, Column: w.Column, Msg: msg})
	}
}

// Notes returns what to know of the files that is probably meant, by file and place.
func (s *Set) Notes() []Warning { return slices.Clone(s.notes) }

// sorted gives warnings in order, each once.
func sorted(warnings []Warning) []Warning {
	slices.SortStableFunc(warnings, func(a, b Warning) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Msg, b.Msg))
	})
	return slices.Compact(warnings)
}

// place finds a value below a document's spec. Each key is that of a mapping or, as a number, an
// entry of a list. Where the document does not have the value, it is the innermost one around it.
func (d *header) place(keys ...any) strict.Place {
	n, path := d.spec, "spec"
	for _, key := range keys {
		var next *yaml.Node
		switch key := key.(type) {
		case string:
			next, path = fieldOf(n, key), path+"."+key
		case int:
			if path = fmt.Sprintf("%s[%d]", path, key); n.Kind == yaml.SequenceNode && key < len(n.Content) {
				next = n.Content[key]
			}
		}
		if next == nil {
			break
		}
		n = next
	}
	return strict.Place{Line: n.Line, Column: n.Column, Path: path}
}
