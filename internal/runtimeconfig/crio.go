package runtimeconfig

import (
	"errors"
	"io/fs"

	"github.com/specguard/specguard/internal/hostfile"
	"github.com/specguard/specguard/plugin/ociruntime"
)

// ReadCRIO reads CRI-O's configuration from its main file and the files in the
// folder FILE.d, which override it (crio.conf(5), crio.conf.d(5)).
func ReadCRIO(f hostfile.Tree, main string) Config {
	c := Config{Path: main, Terms: Terms{
		On:         "enable_nri = true under [crio.nri]",
		AllowHooks: "nri_validator_reject_oci_hook_adjustment = false under [crio.nri.default_validator]",
		Require:    "nri_enable_default_validator = true and nri_validator_required_plugins = [\"%s\"] under [crio.nri.default_validator]",
		Tolerate:   "nri_validator_tolerate_missing_plugins_annotation",
	}}
	all := table{}
	for _, name := range append([]string{main}, f.List(main+".d", "*")...) {
		data, err := f.Read(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var t table
		if err == nil {
			t, err = parseTOML(data, name)
		}
		if err != nil {
			c.Err = err
			return c
		}
		c.Found = true
		merge(all, t)
	}
	if c.Dirs, c.Err = crioDirs(f, all); c.Err != nil {
		return c
	}
	nri := tableAt(all, "crio", "nri")
	if on, said := nri["enable_nri"].(bool); said {
		c.NRI = &on
	}
	v := tableAt(nri, "default_validator")
	c.Validator = Validator{
		Enabled: value[bool](v, "nri_enable_default_validator"), RejectHooks: value[bool](v, "nri_validator_reject_oci_hook_adjustment"),
		Required: texts(v, "nri_validator_required_plugins"), Tolerate: value[string](v, "nri_validator_tolerate_missing_plugins_annotation"),
	}
	if on, said := tableAt(all, "crio", "runtime")["enable_criu_support"].(bool); said {
		c.CRIUOff = !on
	}
	c.Handlers = make(map[string]string)
	c.Default = value[string](tableAt(all, "crio", "runtime"), "default_runtime")
	for name := range tableAt(all, "crio", "runtime", "runtimes") {
		handler := tableAt(all, "crio", "runtime", "runtimes", name)
		program := value[string](handler, "runtime_path")
		if program == "" {
			program = name // CRI-O looks for the handler's name in PATH
		}
		c.Handlers[name] = program
		if value[string](handler, "runtime_type") == "vm" {
			c.setShim(name, ociruntime.ShimOf(program))
		}
	}
	return c
}
