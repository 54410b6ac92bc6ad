package install

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// table is a TOML table.
type table = map[string]any

// dig returns the table at a path, or nil.
func dig(t table, path ...string) table {
	for _, key := range path {
		t, _ = t[key].(table)
	}
	return t
}

// nest returns a table that has the value at the path.
func nest(value any, path ...string) table {
	for _, key := range slices.Backward(path) {
		value = table{key: value}
	}
	t, _ := value.(table)
	return t
}

func parse(name string, data []byte) (table, error) {
	var t table
	if err := toml.Unmarshal(data, &t); err != nil {
		return nil, tomlError(name, err)
	}
	return t, nil
}

// tomlError says where in a file the fault is.
func tomlError(name string, err error) error {
	if derr, ok := errors.AsType[*toml.DecodeError](err); ok {
		row, column := derr.Position()
		return fmt.Errorf("%s:%d:%d: %w", name, row, column, err)
	}
	return fmt.Errorf("%s: %w", name, err)
}

func render(t table) ([]byte, error) {
	var b bytes.Buffer
	if err := toml.NewEncoder(&b).SetIndentTables(true).Encode(t); err != nil {
		return nil, fmt.Errorf("render TOML: %w", err)
	}
	return b.Bytes(), nil
}

// place is where in a file something is said: a key and its value, or the
// header of a table.
type place struct {
	path []string
	// start and end enclose the value of a key, or the header's keys.
	start, end int
	kind       unstable.Kind // of the value, or Table
}

// places returns all that a file says, in its order.
func places(name string, data []byte) ([]place, error) {
	p := unstable.Parser{}
	p.Reset(data)
	var out []place
	var current []string
	for p.NextExpression() {
		e := p.Expression()
		if e.Kind != unstable.Table && e.Kind != unstable.ArrayTable && e.Kind != unstable.KeyValue {
			continue
		}
		var path []string
		var last unstable.Range
		for keys := e.Key(); keys.Next(); {
			path = append(path, string(keys.Node().Data))
			last = keys.Node().Raw
		}
		if e.Kind != unstable.KeyValue {
			current = path
			out = append(out, place{path: path, start: int(last.Offset), end: int(last.Offset + last.Length), kind: e.Kind})
			continue
		}
		end := int(e.Raw.Offset + e.Raw.Length)
		start := int(last.Offset + last.Length)
		start += bytes.IndexByte(data[start:end], '=') + 1
		start += len(data[start:end]) - len(bytes.TrimLeft(data[start:end], " \t"))
		end = start + len(bytes.TrimRight(data[start:end], " \t"))
		out = append(out, place{path: slices.Concat(current, path), start: start, end: end, kind: e.Value().Kind})
	}
	if err := p.Error(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return out, nil
}

// splice puts a text in place of a part of the data.
func splice(data []byte, start, end int, text string) []byte {
	return slices.Concat(data[:start], []byte(text), data[end:])
}

// lineEnd is the index after the line that i is in; whole is false if the
// file ends without a newline.
func lineEnd(data []byte, i int) (end int, whole bool) {
	if n := bytes.IndexByte(data[i:], '\n'); n >= 0 {
		return i + n + 1, true
	}
	return len(data), false
}

// differences returns the paths where two tables differ, their keys joined by
// pathSeparator, with the second's values; nil if it has none.
func differences(a, b table) map[string]any {
	before, out := flat(a), map[string]any{}
	after := flat(b)
	for key, value := range after {
		if have, ok := before[key]; !ok || fmt.Sprint(have) != fmt.Sprint(value) {
			out[key] = value
		}
	}
	for key := range before {
		if _, ok := after[key]; !ok {
			out[key] = nil
		}
	}
	return out
}

const pathSeparator = "\x00"

// flat returns all values of a table that are no tables, by their paths.
func flat(t table) map[string]any {
	out := map[string]any{}
	for key, value := range t {
		inner, ok := value.(table)
		if !ok {
			out[key] = value
			continue
		}
		for below, value := range flat(inner) {
			out[key+pathSeparator+below] = value
		}
	}
	return out
}
