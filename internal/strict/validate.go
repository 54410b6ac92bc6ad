package strict

import (
	"encoding"
	"fmt"
	"reflect"

	"gopkg.in/yaml.v3"
)

// Validator is implemented by structs whose fields depend on each other. Validate is called
// after the fields were read without errors. An error from Field or Entry is reported at that
// place. An error from errors.Join is several errors.
type Validator interface {
	Validate() error
}

// Warner is implemented by structs whose values can be valid and still not do what they seem to
// say. A warning from Field or Entry is reported at that place.
type Warner interface {
	Warnings() []error
}

// TextWarner is implemented by scalars that can be valid and still not mean what they seem to say.
type TextWarner interface {
	encoding.TextUnmarshaler

	// Doubt returns a warning about the text, nil for none. It is called after UnmarshalText has
	// read that text without an error.
	Doubt(text string) error
}

// Field returns an error about one field of a struct. key is its YAML key.
func Field(key, format string, args ...any) error {
	return &fieldError{key: key, entry: -1, msg: fmt.Sprintf(format, args...)}
}

// Entry returns an error about one entry, counted from 0, of a struct's list.
func Entry(key string, entry int, format string, args ...any) error {
	return &fieldError{key: key, entry: entry, msg: fmt.Sprintf(format, args...)}
}

type fieldError struct {
	key   string
	entry int // of the list; -1: none
	msg   string
}

func (e *fieldError) Error() string { return e.below("") + ": " + e.msg }

// below is the field's path if its struct has that path.
func (e *fieldError) below(path string) string {
	out := join(path, e.key)
	if e.entry >= 0 {
		out += fmt.Sprintf("[%d]", e.entry)
	}
	return out
}

// validate asks the struct that was read from the node. The places are those of its fields.
func (d *decoder) validate(n *yaml.Node, v reflect.Value, path string, places map[string]*yaml.Node) {
	out := v.Addr().Interface()
	if val, ok := out.(Validator); ok {
		for _, err := range joined(val.Validate()) {
			d.errs = append(d.errs, locate(err, n, path, places))
		}
	}
	if w, ok := out.(Warner); ok {
		for _, err := range w.Warnings() {
			d.warnings = append(d.warnings, locate(err, n, path, places))
		}
	}
}

// joined takes apart what errors.Join has joined.
func joined(err error) []error {
	switch err := err.(type) { //nolint:errorlint // never wrapped
	case nil:
		return nil
	case interface{ Unwrap() []error }:
		return err.Unwrap()
	default:
		return []error{err}
	}
}

// locate finds the place of an error about the struct that was read from the node.
func locate(err error, n *yaml.Node, path string, places map[string]*yaml.Node) Error {
	msg := err.Error()
	if field, ok := err.(*fieldError); ok { //nolint:errorlint // made by Field or Entry, never wrapped
		if at, ok := places[field.key]; ok {
			n = at
			if field.entry >= 0 && field.entry < len(at.Content) {
				n = at.Content[field.entry]
			}
		}
		path, msg = field.below(path), field.msg
	}
	return Error{Line: n.Line, Column: n.Column, Path: path, Msg: msg}
}
