package ocispec

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// object is a JSON object split into members, each still in its own bytes.
type object struct {
	members []member
}

type member struct {
	name  string
	quote []byte // the name as it stands in the document
	value []byte
}

// parseObject splits a JSON object, whose bytes the members share. A name that
// stands twice is an error.
func parseObject(raw []byte) (*object, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw))
	if err := open(dec, jsontext.KindBeginObject); err != nil {
		return nil, err
	}
	obj := &object{members: make([]member, 0, 16)}
	for dec.PeekKind() != jsontext.KindEndObject {
		quote, err := next(dec, raw)
		if err != nil {
			return nil, fmt.Errorf("read member name: %w", err)
		}
		name, err := jsontext.AppendUnquote(nil, quote)
		if err != nil {
			return nil, fmt.Errorf("read member name: %w", err)
		}
		value, err := next(dec, raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		obj.members = append(obj.members, member{name: string(name), quote: quote, value: value})
	}
	return obj, nil
}

// parseArray splits a JSON array into its elements, which share its bytes.
func parseArray(raw []byte) ([][]byte, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw))
	if err := open(dec, jsontext.KindBeginArray); err != nil {
		return nil, err
	}
	var elems [][]byte
	for dec.PeekKind() != jsontext.KindEndArray {
		v, err := next(dec, raw)
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", len(elems), err)
		}
		elems = append(elems, v)
	}
	return elems, nil
}

// next reads a value or a name and gives its place in raw. What the decoder
// gives is overwritten by its next read.
func next(dec *jsontext.Decoder, raw []byte) ([]byte, error) {
	v, err := dec.ReadValue()
	if err != nil {
		return nil, err
	}
	end := int(dec.InputOffset())
	return raw[end-len(v) : end : end], nil
}

func open(dec *jsontext.Decoder, want jsontext.Kind) error {
	tok, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if tok.Kind() != want {
		return fmt.Errorf("found %s where %s was expected", tok.Kind(), want)
	}
	return nil
}

// find returns the index of the member that a decoder takes for name, -1 for
// none. encoding/json does not mind case, so two spellings are one name.
func (o *object) find(name string) (int, error) {
	at := -1
	for i, m := range o.members {
		if !strings.EqualFold(m.name, name) {
			continue
		}
		if at >= 0 {
			return -1, fmt.Errorf("%w: %q and %q", ErrAmbiguous, o.members[at].name, m.name)
		}
		at = i
	}
	return at, nil
}

// exact returns the index of the member with that very name, -1 for none.
func (o *object) exact(name string) int {
	return slices.IndexFunc(o.members, func(m member) bool { return m.name == name })
}

func (o *object) remove(at int) {
	if at >= 0 {
		o.members = slices.Delete(o.members, at, at+1)
	}
}

func (o *object) add(name string, value []byte) {
	quote, _ := json.Marshal(name) // a string always marshals
	o.members = append(o.members, member{name: name, quote: quote, value: value})
}

func (o *object) bytes() []byte {
	size := 2
	for _, m := range o.members {
		size += len(m.quote) + len(m.value) + 2
	}
	out := bytes.NewBuffer(make([]byte, 0, size))
	out.WriteByte('{')
	for i, m := range o.members {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(m.quote)
		out.WriteByte(':')
		out.Write(m.value)
	}
	out.WriteByte('}')
	return out.Bytes()
}

func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
	return keys
}
