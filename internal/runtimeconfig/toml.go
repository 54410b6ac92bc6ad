package runtimeconfig

import (
	"fmt"

	"github.com/pelletier/go-toml/v2"
)

// table is a TOML table.
type table = map[string]any

func parseTOML(data []byte, path string) (table, error) {
	var t table
	if err := toml.Unmarshal(data, &t); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// merge copies from into to, table by table. Values of from win.
func merge(to, from table) {
	for key, value := range from {
		inner, isTable := value.(table)
		if below, both := to[key].(table); isTable && both {
			merge(below, inner)
			continue
		}
		to[key] = value
	}
}

// tableAt returns the table at the path of keys; nil if there is none.
func tableAt(t table, keys ...string) table {
	for _, key := range keys {
		t, _ = t[key].(table)
	}
	return t
}

// value returns the key's value; the zero value if the key has none of that type.
func value[T any](t table, key string) T {
	v, _ := t[key].(T)
	return v
}

// texts returns the key's list of strings.
func texts(t table, key string) []string {
	var out []string
	for _, v := range value[[]any](t, key) {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
