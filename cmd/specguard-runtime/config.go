package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/policy/strict"
)

const (
	defaultConfigFile = "/etc/specguard/runtime.yaml"

	// configVariable names another file. The environment is that of the
	// container runtime, which no pod writes.
	configVariable = "SPECGUARD_RUNTIME_CONFIG"
)

// config is the host's configuration of the wrapper.
type config struct {
	// Runtimes are the real OCI runtimes, by the name that the wrapper is
	// started by. Without an entry the name tells: specguard-crun is crun,
	// specguard-runtime is runc.
	Runtimes map[string]absolute `yaml:"runtimes"`

	// Socket is the agent's.
	Socket absolute `yaml:"socket"`

	// Timeout bounds the wait for the agent's answer.
	Timeout duration `yaml:"timeout"`

	// Pass says what may run while the agent cannot be asked.
	Pass pass `yaml:"pass"`
}

// pass names pods by what a pod's author cannot choose.
type pass struct {
	Namespaces []string `yaml:"namespaces"`
}

// absolute is an absolute path.
type absolute string

// UnmarshalText reads the path.
func (a *absolute) UnmarshalText(text []byte) error {
	if *a = absolute(text); !filepath.IsAbs(string(text)) {
		return fmt.Errorf("%q is not an absolute path", text)
	}
	return nil
}

// duration is a duration as Go writes it.
type duration time.Duration

// UnmarshalText reads the duration.
func (d *duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil || v <= 0 {
		return fmt.Errorf("%q is not a duration such as 10s", text)
	}
	*d = duration(v)
	return nil
}

func defaultConfig() config {
	return config{Socket: judge.DefaultSocket, Timeout: duration(10 * time.Second)}
}

// loadConfig reads the configuration over the defaults. Where it has a fault,
// the defaults are returned with the error.
func loadConfig() (config, error) {
	path := os.Getenv(configVariable)
	asked := path != ""
	if !asked {
		path = defaultConfigFile
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && !asked {
		return defaultConfig(), nil
	}
	if err != nil {
		return defaultConfig(), fmt.Errorf("read configuration: %w", err)
	}
	cfg := defaultConfig()
	if faults := cfg.decode(data); len(faults) > 0 {
		f := faults[0] // the caller shows one line
		return defaultConfig(), fmt.Errorf("%s:%d:%d: %w", path, f.Line, f.Column, f)
	}
	return cfg, nil
}

func (c *config) decode(data []byte) []strict.Error {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var node, second yaml.Node
	switch err := dec.Decode(&node); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return []strict.Error{strict.SyntaxError(err)}
	}
	if err := dec.Decode(&second); !errors.Is(err, io.EOF) {
		return []strict.Error{{Line: second.Line, Column: second.Column, Msg: "more than one document"}}
	}
	return strict.Decode(node.Content[0], c, "")
}

// searched are the folders in which a real runtime is looked for.
func searched() []string {
	return []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}
}

// realRuntime is the path of the OCI runtime that stands behind the wrapper
// when it is started by the name.
func (c *config) realRuntime(name string) (string, error) {
	real := string(c.Runtimes[name])
	if real == "" {
		var err error
		if real, err = byName(name); err != nil {
			return "", err
		}
	}
	info, err := os.Stat(real)
	if err != nil {
		return "", fmt.Errorf("the real OCI runtime: %w", err)
	}
	if own, err := os.Stat("/proc/self/exe"); err == nil && os.SameFile(own, info) {
		return "", fmt.Errorf("the real OCI runtime %s is specguard-runtime itself", real)
	}
	return real, nil
}

func byName(name string) (string, error) {
	real := strings.TrimPrefix(name, "specguard-")
	if real == "runtime" {
		real = "runc"
	}
	for _, dir := range searched() {
		path := filepath.Join(dir, real)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("no OCI runtime %q in %s: name it under runtimes in %s", real, strings.Join(searched(), ", "), defaultConfigFile)
}
