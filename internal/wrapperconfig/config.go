// Package wrapperconfig defines the place of specguard-runtime, the OCI runtime wrapper, on
// a host, and its configuration. The wrapper itself imports the package, so it imports only
// few others.
package wrapperconfig

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/specguard/specguard/internal/strict"
	"github.com/specguard/specguard/plugin/wrapperapi"
)

// The places of the wrapper and its configuration on a host, and of the drop-in that makes
// it CRI-O's OCI runtime.
const (
	Program    = "/usr/local/bin/specguard-runtime"
	File       = "/etc/specguard/runtime.yaml"
	CRIODropIn = "/etc/crio/crio.conf.d/99-specguard.conf"
)

// Variable is the environment variable that names another file than File. The wrapper has
// the container runtime's environment, which no pod can change.
const Variable = "SPECGUARD_RUNTIME_CONFIG"

// VersionCommand asks the wrapper for its own version, if it is the only argument. No OCI runtime
// has a command of that name. VersionPrefix is what stands before the version in the answer.
const (
	VersionCommand = "specguard-version"
	VersionPrefix  = "specguard-runtime "
)

// Config is the host's configuration of the wrapper.
type Config struct {
	// Runtimes are the real OCI runtimes, by the name with which the wrapper is called.
	// Without an entry, the name decides: specguard-crun runs crun, specguard-runtime runs
	// runc.
	Runtimes map[string]Path `yaml:"runtimes,omitempty"`

	// Socket is the agent's socket.
	Socket Path `yaml:"socket,omitempty"`

	// Timeout limits the wait for the agent's answer.
	Timeout Duration `yaml:"timeout,omitempty"`

	// Pass says what may run while the agent cannot be asked.
	Pass Pass `yaml:"pass"`
}

// Pass names pods by something that a pod's author cannot choose.
type Pass struct {
	Namespaces []string `yaml:"namespaces"`
}

// Has reports whether pods of the namespace pass.
func (p Pass) Has(namespace string) bool {
	return namespace != "" && slices.Contains(p.Namespaces, namespace)
}

// Path is an absolute path.
type Path string

// UnmarshalText reads the path. It must be absolute.
func (p *Path) UnmarshalText(text []byte) error {
	if *p = Path(text); !filepath.IsAbs(string(text)) {
		return fmt.Errorf("%q is not an absolute path", text)
	}
	return nil
}

// Duration is a duration in Go's form, such as 10s. It is above 0.
type Duration time.Duration

// UnmarshalText reads the duration.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil || v <= 0 {
		return fmt.Errorf("%q is not a duration such as 10s", text)
	}
	*d = Duration(v)
	return nil
}

// Default returns the configuration for what a file does not set.
func Default() Config {
	return Config{Socket: wrapperapi.DefaultSocket, Timeout: Duration(10 * time.Second)}
}

// Read reads the text of a file over the defaults; name is for errors. If the text has
// errors, Read returns the defaults and the first error: file, line and column, what is
// wrong, and what is allowed.
func Read(name string, data []byte) (Config, error) {
	cfg := Default()
	if faults := strict.DecodeDocument(data, &cfg); len(faults) > 0 {
		f := faults[0] // the wrapper's callers show one line
		return Default(), fmt.Errorf("%s:%d:%d: %w", name, f.Line, f.Column, f)
	}
	return cfg, nil
}
