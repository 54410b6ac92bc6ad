package doctor

import (
	"fmt"
	"slices"

	"github.com/pelletier/go-toml/v2"
)

// runtimeConfig is what a container runtime's configuration says of NRI, of OCI
// runtimes and of its folders.
type runtimeConfig struct {
	path  string // of its main file
	found bool   // some file is there; else the runtime's defaults hold
	err   error  // it cannot be read

	nri       *bool // switched on or off; nil where it is not said
	validator validator
	handlers  map[string]string // the OCI runtime's program, by runtime handler
	dirs      []string          // in which the runtime keeps its files
	shims     map[string]string // the shim that calls it, by runtime handler; none where CRI-O calls it by itself
	byDefault string            // the handler of pods that name none; "" where it is not said
	criuOff   bool              // CRI-O's enable_criu_support is false
	terms     terms
}

// shim keeps the name of a handler's shim; "" is none.
func (c *runtimeConfig) shim(handler, name string) {
	if name == "" {
		return
	}
	if c.shims == nil {
		c.shims = make(map[string]string)
	}
	c.shims[handler] = name
}

// validator is NRI's default validator, as it is configured
// (github.com/containerd/nri, plugins/default-validator).
type validator struct {
	enabled     bool
	rejectHooks bool
	required    []string
	tolerate    string // annotation by which a pod does without required plugins
}

// requires reports whether containers are refused while the plugin is missing.
func (v validator) requires(plugin string) bool {
	return v.enabled && slices.Contains(v.required, plugin)
}

// terms are what settings are called in a runtime's configuration.
type terms struct{ on, allowHooks, require, tolerate string }

// table is a TOML table.
type table = map[string]any

func parseTOML(data []byte, path string) (table, error) {
	var t table
	if err := toml.Unmarshal(data, &t); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// merge writes what is in from over to, table by table.
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

// tableAt is the table at the path of keys; an empty one where there is none.
func tableAt(t table, keys ...string) table {
	for _, key := range keys {
		t, _ = t[key].(table)
	}
	return t
}

// value is what stands for the key; the zero value where nothing of its type
// does.
func value[T any](t table, key string) T {
	v, _ := t[key].(T)
	return v
}

// texts is a list of texts.
func texts(t table, key string) []string {
	var out []string
	for _, v := range value[[]any](t, key) {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
