package doctor

import (
	"slices"
)

// wrapper is specguard-runtime as a runtime's OCI runtime.
type wrapper struct {
	missing error    // the binary cannot be used
	loose   string   // why others than root can change it
	with    []string // runtime handlers that it is configured for
	without []string // those that run another program
}

// usable reports whether any container runs by it.
func (w wrapper) usable() bool { return w.missing == nil && w.loose == "" && len(w.with) > 0 }

// wrapper looks for the wrapper in the runtime's configuration. A handler may
// name a link to it.
func (n *Node) wrapper(r *containerRuntime) wrapper {
	w := wrapper{missing: n.files.executable(n.Hook)}
	if w.missing != nil {
		return w
	}
	w.loose, w.missing = n.files.loose(n.Hook)
	_, binary, _ := n.files.At(n.Hook)
	for handler, program := range r.config.Handlers {
		if _, resolved, err := n.files.At(program); err == nil && resolved == binary {
			w.with = append(w.with, handler)
		} else {
			w.without = append(w.without, handler)
		}
	}
	slices.Sort(w.with)
	slices.Sort(w.without)
	return w
}
