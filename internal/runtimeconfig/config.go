// Package runtimeconfig reads the configuration files of containerd and CRI-O: what
// they say about NRI, about OCI runtimes, and about the runtime's folders.
package runtimeconfig

import "slices"

// The runtimes' default configuration files, by the host's paths.
const (
	ContainerdFile = "/etc/containerd/config.toml"
	CRIOFile       = "/etc/crio/crio.conf"
)

// Config is what a container runtime's configuration says.
type Config struct {
	Path  string // of the main file
	Found bool   // some file exists; if none does, the runtime's defaults hold
	Err   error  // why the configuration cannot be read; other fields are then incomplete

	NRI       *bool // on or off; nil if it is not set
	Validator Validator
	Handlers  map[string]string // the OCI runtime's program, by runtime handler
	Default   string            // the handler of pods that name none; "" if it is not set
	Dirs      []string          // in which the runtime keeps its files
	CRIUOff   bool              // CRI-O's enable_criu_support is false
	Terms     Terms

	shims map[string]string // by runtime handler; none for handlers that CRI-O runs itself
}

// setShim notes the name of a handler's shim; "" is none.
func (c *Config) setShim(handler, name string) {
	if name == "" {
		return
	}
	if c.shims == nil {
		c.shims = make(map[string]string)
	}
	c.shims[handler] = name
}

// Validator is the configuration of NRI's default validator
// (github.com/containerd/nri, plugins/default-validator).
type Validator struct {
	Enabled     bool
	RejectHooks bool     // it refuses containers to which a plugin adds an OCI hook
	Required    []string // plugins without which it refuses containers
	Tolerate    string   // the annotation with which a pod needs no required plugin
}

// Requires reports whether containers are refused while the plugin is missing.
func (v Validator) Requires(plugin string) bool {
	return v.Enabled && slices.Contains(v.Required, plugin)
}

// Terms are the names of settings in a runtime's configuration, for advice to
// operators.
type Terms struct {
	On         string // switches NRI on
	AllowHooks string // lets plugins add OCI hooks
	Require    string // requires a plugin; %s stands for its name
	Tolerate   string // the setting of Validator.Tolerate
}
