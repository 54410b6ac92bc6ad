// Package wrapperconfig defines where specguard-runtime, the OCI runtime wrapper, is on a host,
// and its configuration. The wrapper itself imports the package, so it needs few others.
package wrapperconfig

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/specguard/specguard/internal/strict"
	"github.com/specguard/specguard/plugin/wrapperapi"
)

// Where the wrapper and its configuration lie on a host, and what makes it
// CRI-O's OCI runtime.
const (
	Program    = "/usr/local/bin/specguard-runtime"
	File       = "/etc/specguard/runtime.yaml"
	CRIODropIn = "/etc/crio/crio.conf.d/99-specguard.conf"
)

// Variable names another file than File, in the environment of the wrapper: that
// is the container runtime's, which no pod writes.
const Variable = "SPECGUARD_RUNTIME_CONFIG"

// Config is the host's configuration of the wrapper.
type Config struct {
	// Runtimes are the real OCI runtimes, by the name that the wrapper is started by. Without
	// an entry, the name decides: specguard-crun is crun, specguard-runtime is runc.
	Runtimes map[string]Path `yaml:"runtimes,omitempty"`

	// Socket is the agent's.
	Socket Path `yaml:"socket,omitempty"`

	// Timeout bounds the wait for the agent's answer.
	Timeout Duration `yaml:"timeout,omitempty"`

	// Pass says what may run while the agent cannot be asked.
	Pass Pass `yaml:"pass"`
}

// Pass names pods by what a pod's author cannot choose.
type Pass struct {
	Namespaces []string `yaml:"namespaces"`
}

// Has reports whether pods of the namespace pass.
func (p Pass) Has(namespace string) bool {
	return namespace != "" && slices.Contains(p.Namespaces, namespace)
}

// Path is an absolute path.
type Path string

// UnmarshalText reads the path; one that is not absolute is an error.
func (p *Path) UnmarshalText(text []byte) error {
	if *p = Path(text); !filepath.IsAbs(string(text)) {
		return fmt.Errorf("%q is not an absolute path", text)
	}
	return nil
}

// Duration is a duration as Go writes it, such as 10s. It is more than 0.
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

// Default is what holds for what a file does not say.
func Default() Config {
	return Config{Socket: wrapperapi.DefaultSocket, Timeout: Duration(10 * time.Second)}
}

// Read reads the text of a file of that name over the defaults. If it has errors, Read returns
// the defaults and the first error: file, line and column, what is wrong, and what is allowed.
func Read(name string, data []byte) (Config, error) {
	cfg := Default()
	if faults := strict.DecodeDocument(data, &cfg); len(faults) > 0 {
		f := faults[0] // the wrapper's callers show one line
		return Default(), fmt.Errorf("%s:%d:%d: %w", name, f.Line, f.Column, f)
	}
	return cfg, nil
}
