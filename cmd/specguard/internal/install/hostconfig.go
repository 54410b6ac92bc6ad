package install

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/policy/strict"
)

// hostConfig is the wrapper's configuration. With one that has a fault the
// wrapper would refuse every container, so an operator's is read as strictly as
// the wrapper does.
type hostConfig struct {
	Runtimes map[string]absolute `yaml:"runtimes"`
	Socket   absolute            `yaml:"socket,omitempty"`
	Timeout  duration            `yaml:"timeout,omitempty"`
	Pass     struct {
		Namespaces []string `yaml:"namespaces"`
	} `yaml:"pass"`
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
type duration string

// UnmarshalText reads the duration.
func (d *duration) UnmarshalText(text []byte) error {
	*d = duration(text)
	if v, err := time.ParseDuration(string(text)); err != nil || v <= 0 {
		return fmt.Errorf("%q is not a duration such as 10s", text)
	}
	return nil
}

const hostConfigHead = `# Settings of specguard-runtime on this node. specguard install wrote this file
# once, and leaves it alone from then on: it is yours to edit.
#
# runtimes: the real OCI runtime, by the name that the wrapper is started by.
# pass: what may run unjudged while the agent cannot be asked.
`

// readHostConfig reads an operator's file. The error tells its first fault.
func readHostConfig(name string, data []byte) (hostConfig, error) {
	var c hostConfig
	var node, second yaml.Node
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	switch err := dec.Decode(&node); {
	case errors.Is(err, io.EOF):
		return c, nil
	case err != nil:
		fault := strict.SyntaxError(err)
		return c, fmt.Errorf("%s:%d:%d: %w", name, fault.Line, fault.Column, fault)
	}
	if err := dec.Decode(&second); !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("%s: more than one document", name)
	}
	if faults := strict.Decode(node.Content[0], &c, ""); len(faults) > 0 {
		return c, fmt.Errorf("%s:%d:%d: %w", name, faults[0].Line, faults[0].Column, faults[0])
	}
	return c, nil
}

// render gives a new runtime.yaml.
func (w wrapping) render(pass []string) ([]byte, error) {
	c := hostConfig{Runtimes: map[string]absolute{}}
	for name, real := range w.real {
		c.Runtimes[name] = absolute(real)
	}
	c.Pass.Namespaces = slices.Compact(slices.Sorted(slices.Values(pass)))
	data, err := yaml.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("render runtime.yaml: %w", err)
	}
	return append([]byte(hostConfigHead), data...), nil
}
