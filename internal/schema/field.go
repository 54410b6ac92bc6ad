package schema

import (
	"reflect"
	"strings"
)

// Field is a field of a struct that a part of a document decodes into.
type Field struct {
	Key   string       // in YAML
	Name  string       // in Go
	Owner reflect.Type // the struct that declares it
	Type  reflect.Type
}

// IsRules reports whether the field, if there is one, holds a policy's rules.
func IsRules(f *Field) bool { return f != nil && f.comment() == "policy.policySpec.Rules" }

// IsAllow reports whether the field, if there is one, holds what an exception allows.
func IsAllow(f *Field) bool { return f != nil && f.comment() == "policy.exceptionSpec.Allow" }

// Fields returns the fields as package strict reads them, with those of embedded structs.
func Fields(t reflect.Type) []Field {
	var out []Field
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			out = append(out, Fields(f.Type)...)
		case name != "" && name != "-":
			out = append(out, Field{Key: name, Name: f.Name, Owner: t, Type: f.Type})
		}
	}
	return out
}
