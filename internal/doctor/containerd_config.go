package doctor

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
)

const nriPlugin = "io.containerd.nri.v1.nri"

// readContainerd reads containerd's configuration and the files that it imports,
// which go over it (containerd-config.toml(5)).
func readContainerd(f files, main string) runtimeConfig {
	c := runtimeConfig{path: main, terms: terms{
		on:         "disable = false under [plugins.'" + nriPlugin + "']",
		allowHooks: "reject_oci_hook_adjustment = false under [plugins.'" + nriPlugin + "'.default_validator]",
		require:    "enable = true and required_plugins = ['%s'] under [plugins.'" + nriPlugin + "'.default_validator]",
		tolerate:   "tolerate_missing_plugins_annotation",
	}}
	c.dirs = containerdDirs(table{})
	if _, err := f.stat(main); errors.Is(err, fs.ErrNotExist) {
		return c
	}
	all, err := withImports(f, main)
	if err != nil {
		c.err = err
		return c
	}
	c.found = true
	c.dirs = containerdDirs(all)
	nri := tableAt(all, "plugins", nriPlugin)
	if disable, said := nri["disable"].(bool); said {
		on := !disable
		c.nri = &on
	}
	v := tableAt(nri, "default_validator")
	c.validator = validator{
		enabled: value[bool](v, "enable"), rejectHooks: value[bool](v, "reject_oci_hook_adjustment"),
		required: texts(v, "required_plugins"), tolerate: value[string](v, "tolerate_missing_plugins_annotation"),
	}
	c.handlers = make(map[string]string)
	for _, cri := range []string{"io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri"} { // 2.x, 1.x
		if name := value[string](tableAt(all, "plugins", cri, "containerd"), "default_runtime_name"); name != "" {
			c.byDefault = name
		}
		for name := range tableAt(all, "plugins", cri, "containerd", "runtimes") {
			c.shim(name, value[string](tableAt(all, "plugins", cri, "containerd", "runtimes", name), "runtime_type"))
			options := tableAt(all, "plugins", cri, "containerd", "runtimes", name, "options")
			c.handlers[name] = cmp.Or(value[string](options, "BinaryName"), "runc") // its shim's default
		}
	}
	return c
}

// withImports reads the file and lays what it imports over it. A file is read
// once.
func withImports(f files, main string) (table, error) {
	all, read := table{}, map[string]bool{}
	for pending := []string{main}; len(pending) > 0; pending = pending[1:] {
		name := pending[0]
		if read[name] {
			continue
		}
		read[name] = true
		data, err := f.read(name)
		if err != nil {
			return nil, err
		}
		t, err := parseTOML(data, name)
		if err != nil {
			return nil, err
		}
		merge(all, t)
		for _, imported := range texts(t, "imports") {
			pending = append(pending, f.glob(path.Join(path.Dir(name), imported), imported)...)
		}
	}
	return all, nil
}

// glob gives the files that an import means: relative to the importing file, or
// absolute.
func (f files) glob(relative, imported string) []string {
	pattern := relative
	if path.IsAbs(imported) {
		pattern = path.Clean(imported)
	}
	if !strings.Contains(pattern, "*") {
		return []string{pattern}
	}
	return f.list(path.Dir(pattern), path.Base(pattern))
}

// list gives the files in the folder whose names match, in order.
func (f files) list(dir, pattern string) []string {
	place, _, err := f.at(dir)
	if err != nil {
		return nil
	}
	matches, _ := filepath.Glob(filepath.Join(place, pattern)) // in lexical order
	out := make([]string, len(matches))
	for i, m := range matches {
		out[i] = path.Join(dir, filepath.Base(m))
	}
	return out
}
