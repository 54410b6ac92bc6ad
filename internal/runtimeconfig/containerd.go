package runtimeconfig

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/specguard/specguard/internal/hostfile"
)

const nriPlugin = "io.containerd.nri.v1.nri"

// ReadContainerd reads containerd's configuration from its main file and the files
// that it imports, which override it (containerd-config.toml(5)).
func ReadContainerd(f hostfile.Tree, main string) Config {
	c := Config{Path: main, Terms: Terms{
		On:         "disable = false under [plugins.'" + nriPlugin + "']",
		AllowHooks: "reject_oci_hook_adjustment = false under [plugins.'" + nriPlugin + "'.default_validator]",
		Require:    "enable = true and required_plugins = ['%s'] under [plugins.'" + nriPlugin + "'.default_validator]",
		Tolerate:   "tolerate_missing_plugins_annotation",
	}}
	c.Dirs = containerdDirs(table{})
	if _, err := f.Stat(main); errors.Is(err, fs.ErrNotExist) {
		return c
	}
	all, err := withImports(f, main)
	if err != nil {
		c.Err = err
		return c
	}
	c.Found = true
	c.Dirs = containerdDirs(all)
	nri := tableAt(all, "plugins", nriPlugin)
	if disable, said := nri["disable"].(bool); said {
		on := !disable
		c.NRI = &on
	}
	v := tableAt(nri, "default_validator")
	c.Validator = Validator{
		Enabled: value[bool](v, "enable"), RejectHooks: value[bool](v, "reject_oci_hook_adjustment"),
		Required: texts(v, "required_plugins"), Tolerate: value[string](v, "tolerate_missing_plugins_annotation"),
	}
	c.Handlers = make(map[string]string)
	for _, cri := range []string{"io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri"} { // 2.x, 1.x
		if name := value[string](tableAt(all, "plugins", cri, "containerd"), "default_runtime_name"); name != "" {
			c.Default = name
		}
		for name := range tableAt(all, "plugins", cri, "containerd", "runtimes") {
			c.setShim(name, value[string](tableAt(all, "plugins", cri, "containerd", "runtimes", name), "runtime_type"))
			options := tableAt(all, "plugins", cri, "containerd", "runtimes", name, "options")
			c.Handlers[name] = cmp.Or(value[string](options, "BinaryName"), "runc") // its shim's default
		}
	}
	return c
}

// withImports reads the file, and what it imports over it. It reads each file once.
func withImports(f hostfile.Tree, main string) (table, error) {
	all, read := table{}, map[string]bool{}
	for pending := []string{main}; len(pending) > 0; pending = pending[1:] {
		name := pending[0]
		if read[name] {
			continue
		}
		read[name] = true
		data, err := f.Read(name)
		if err != nil {
			return nil, err
		}
		t, err := parseTOML(data, name)
		if err != nil {
			return nil, err
		}
		merge(all, t)
		for _, pattern := range texts(t, "imports") {
			pending = append(pending, imported(f, name, pattern)...)
		}
	}
	return all, nil
}

// imported returns the files that an import means: relative to the importing file,
// or absolute.
func imported(f hostfile.Tree, from, pattern string) []string {
	if !path.IsAbs(pattern) {
		pattern = path.Join(path.Dir(from), pattern)
	}
	pattern = path.Clean(pattern)
	if !strings.Contains(pattern, "*") {
		return []string{pattern}
	}
	return f.List(path.Dir(pattern), path.Base(pattern))
}
