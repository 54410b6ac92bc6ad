package install

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/specguard/specguard/internal/wrapperconfig"
)

// wrapping is the names of the wrapper, with the real OCI runtime of each.
type wrapping struct {
	config wrapperconfig.Config
	// real is the real runtime by wrapper name.
	real map[string]string
	// exists: the operator has a runtime.yaml.
	exists bool
}

// wrap names the wrapper for every OCI runtime that the handlers call, in
// their order. It fills in their wrappers.
func (i *installer) wrap(handlers []handler) (wrapping, error) {
	w := wrapping{real: map[string]string{}}
	switch data, err := i.tree.read(i.RuntimeConfig); {
	case err == nil:
		w.exists = true
		if w.config, err = wrapperconfig.Read(i.RuntimeConfig, data); err != nil {
			return w, err
		}
	case !isNotExist(err):
		return w, err
	}
	for n := range handlers {
		h := &handlers[n]
		h.wrappers = map[string]string{}
		for _, binary := range append([]string{h.binary}, h.others...) {
			name, err := i.nameFor(w, h.name, binary)
			if err != nil {
				return w, err
			}
			h.wrappers[binary] = filepath.Join(i.Prefix, name)
		}
	}
	return w, nil
}

// nameFor returns the wrapper's name for an OCI runtime, as a handler has it.
func (i *installer) nameFor(w wrapping, handler, binary string) (string, error) {
	if i.isWrapper(binary) { // its configuration was taken over from one with a drop-in
		name := filepath.Base(binary)
		real, ok := i.realOf(w, name)
		if !ok {
			return "", fmt.Errorf("runtime handler %q calls %s, but no file says which OCI runtime that stands for: name it under runtimes "+
				"in %s", handler, binary, i.RuntimeConfig)
		}
		w.real[name] = real
		return name, nil
	}
	real, ok := i.lookup(binary)
	if !ok {
		return "", fmt.Errorf("runtime handler %q: its OCI runtime %s does not exist", handler, binary)
	}
	base := filepath.Base(real)
	candidates := []string{wrapperPrefix + base, wrapperPrefix + base + "-" + handler}
	if base == "runc" {
		candidates[0] = wrapper
	}
	for _, name := range candidates {
		if other, taken := w.real[name]; taken && other != real {
			continue
		}
		if err := i.agrees(w, name, real); err != nil {
			return "", err
		}
		w.real[name] = real
		return name, nil
	}
	return "", fmt.Errorf("runtime handler %q: more OCI runtimes are called %s than there are names for", handler, base)
}

// agrees wants an operator's runtime.yaml to give the name a runtime. Another
// one than was configured is the operator's choice.
func (i *installer) agrees(w wrapping, name, real string) error {
	if !w.exists {
		return nil
	}
	switch have, ok := i.realOf(w, name); {
	case !ok, have != real && w.config.Runtimes[name] == "":
		return fmt.Errorf("%s does not say what %s stands for: add %q under runtimes", i.RuntimeConfig, name, name+": "+real)
	case have != real:
		i.plan.note("%s says that %s stands for %s, where the runtime's configuration had %s", i.RuntimeConfig, name, have, real)
	}
	return nil
}

// realOf is the runtime that a wrapper of that name starts.
func (i *installer) realOf(w wrapping, name string) (string, bool) {
	if p := w.config.Runtimes[name]; p != "" {
		return string(p), true
	}
	if name == wrapper {
		return i.lookup("runc")
	}
	return i.lookup(strings.TrimPrefix(name, wrapperPrefix))
}

// lookup finds an OCI runtime as a daemon does.
func (i *installer) lookup(binary string) (string, bool) {
	if filepath.IsAbs(binary) {
		_, err := i.tree.lstat(binary)
		return binary, err == nil
	}
	for _, folder := range filepath.SplitList(systemPath) {
		p := filepath.Join(folder, binary)
		if _, err := i.tree.lstat(p); err == nil {
			return p, true
		}
	}
	return "", false
}

// isWrapper reports whether a configured OCI runtime is the wrapper.
func (o Options) isWrapper(binary string) bool {
	return filepath.Dir(binary) == filepath.Clean(o.Prefix) && strings.HasPrefix(filepath.Base(binary), wrapperPrefix)
}
