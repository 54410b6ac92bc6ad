// Package adjusted is about the annotation that says on a container's spec what specguard has
// adjusted: which policy and rule changed which field, from what to what.
//
// A pod's author can write an annotation of the same name, and runtimes copy it into the spec. So
// a note names the container that it was written for. The runtime chooses a container's ID at
// random after the pod's author has written everything, so a note with the right ID is from the
// node. A note is for people. One decision depends on it: of a container that already runs, rules
// that are checked against the spec as it came (on: request) are not asked again.
package adjusted

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/policy"
)

// Annotation is the name of the annotation.
const Annotation = "specguard.dev/adjusted"

// ForgedNote says that an annotation is not specguard's.
const ForgedNote = "its annotation " + Annotation + " is not specguard's: ignored"

// UnverifiedNote says that a note may not be specguard's.
const UnverifiedNote = "its annotation " + Annotation + " may not be specguard's: the file does not show the container's ID"

// maxNote bounds a note, in bytes: it is kept in the runtime's store, and NRI sends it to plugins.
const maxNote = 4096

// Note is what the annotation says.
type Note struct {
	// Container is the ID of the container that the note was written for.
	Container string `json:"container"`

	// Fields are the changes, the first ones first. More is how many there are beside them.
	Fields []policy.FieldChange `json:"fields"`
	More   int                  `json:"more,omitempty"`
}

// Of is the note of what a decision changes. It is nil if that is nothing.
func Of(d *policy.Decision, id string) *Note {
	if d.Outcome() != policy.Adjusted {
		return nil
	}
	return &Note{Container: id, Fields: d.Fields, More: d.MoreFields}
}

// After is the note of changes that were made after those of another. Either may be nil.
func (n *Note) After(before *Note) *Note {
	switch {
	case before == nil:
		return n
	case n == nil:
		return before
	}
	return &Note{Container: n.Container, Fields: slices.Concat(before.Fields, n.Fields), More: before.More + n.More}
}

// Trust says whether a note is specguard's.
type Trust int

// The cases.
const (
	Missing    Trust = iota // there is no note
	Verified                // it is of this container
	Unverified              // the container's ID is not known
	Forged                  // it is of another container, or cannot be read
)

// Read reads the note on a container's spec. The ID is "" if it is not known. The note is nil if it
// is missing or forged.
func Read(spec *specs.Spec, id string) (*Note, Trust) {
	text, ok := spec.Annotations[Annotation]
	if !ok {
		return nil, Missing
	}
	var n Note
	if len(text) > maxNote || json.Unmarshal([]byte(text), &n) != nil || n.Container == "" || id != "" && n.Container != id {
		return nil, Forged
	}
	n.clean()
	if id == "" {
		return &n, Unverified
	}
	return &n, Verified
}

// Remove takes any note off a spec.
func Remove(spec *specs.Spec) { delete(spec.Annotations, Annotation) }

// Put puts the note on a spec, in the place of any other. nil is none.
func Put(spec *specs.Spec, n *Note) {
	if n == nil {
		Remove(spec)
		return
	}
	if spec.Annotations == nil {
		spec.Annotations = make(map[string]string)
	}
	spec.Annotations[Annotation] = n.Text()
}

// Text is the annotation's value. If there is no room for all of it, values are cut, and then the
// last changes are left out.
func (n *Note) Text() string {
	short := *n
	for most := 320; most >= 40; most /= 2 {
		short.Fields = slices.Clone(n.Fields)
		for i := range short.Fields {
			f := &short.Fields[i]
			f.Was, f.Now = cut(f.Was, most), cut(f.Now, most)
		}
		if text := short.json(); len(text) <= maxNote {
			return text
		}
	}
	for len(short.Fields) > 0 {
		short.Fields = short.Fields[:len(short.Fields)-1]
		short.More++
		if text := short.json(); len(text) <= maxNote {
			return text
		}
	}
	return short.json()
}

func (n *Note) json() string {
	text, err := json.Marshal(n)
	if err != nil {
		return "" // no string fails to be encoded
	}
	return string(text)
}

// cut is the text, or its beginning.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most-len("...")], "") + "..."
}

// clean bounds what others may have written.
func (n *Note) clean() {
	for i := range n.Fields {
		n.Fields[i] = n.Fields[i].OneLine()
	}
}
