package doctor

import (
	"errors"
	"io/fs"

	"github.com/specguard/specguard/plugin/ociruntime"
)

// readCRIO reads CRI-O's configuration: a file, over which go those of the folder
// beside it (crio.conf(5), crio.conf.d(5)).
func readCRIO(f files, main string) runtimeConfig {
	c := runtimeConfig{path: main, terms: terms{
		on:         "enable_nri = true under [crio.nri]",
		allowHooks: "nri_validator_reject_oci_hook_adjustment = false under [crio.nri.default_validator]",
		require:    "nri_enable_default_validator = true and nri_validator_required_plugins = [\"%s\"] under [crio.nri.default_validator]",
		tolerate:   "nri_validator_tolerate_missing_plugins_annotation",
	}}
	all := table{}
	for _, name := range append([]string{main}, f.list(main+".d", "*")...) {
		data, err := f.read(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var t table
		if err == nil {
			t, err = parseTOML(data, name)
		}
		if err != nil {
			c.err = err
			return c
		}
		c.found = true
		merge(all, t)
	}
	if c.dirs, c.err = crioDirs(f, all); c.err != nil {
		return c
	}
	nri := tableAt(all, "crio", "nri")
	if on, said := nri["enable_nri"].(bool); said {
		c.nri = &on
	}
	v := tableAt(nri, "default_validator")
	c.validator = validator{
		enabled: value[bool](v, "nri_enable_default_validator"), rejectHooks: value[bool](v, "nri_validator_reject_oci_hook_adjustment"),
		required: texts(v, "nri_validator_required_plugins"), tolerate: value[string](v, "nri_validator_tolerate_missing_plugins_annotation"),
	}
	if on, said := tableAt(all, "crio", "runtime")["enable_criu_support"].(bool); said {
		c.criuOff = !on
	}
	c.handlers = make(map[string]string)
	c.byDefault = value[string](tableAt(all, "crio", "runtime"), "default_runtime")
	for name := range tableAt(all, "crio", "runtime", "runtimes") {
		handler := tableAt(all, "crio", "runtime", "runtimes", name)
		program := value[string](handler, "runtime_path")
		if program == "" {
			program = name // CRI-O looks for the handler's name in PATH
		}
		c.handlers[name] = program
		if value[string](handler, "runtime_type") == "vm" {
			c.shim(name, ociruntime.ShimOf(program))
		}
	}
	return c
}
