package doctor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/policy"
	"github.com/specguard/specguard/policy/strict"
)

// Where specguard install puts the OCI runtime wrapper, and its configuration.
const (
	wrapperPath   = "/usr/local/bin/specguard-runtime"
	wrapperConfig = "/etc/specguard/runtime.yaml"
	wrapperSocket = "/run/specguard/runtime.sock"
)

// wrapped is the wrapper's configuration on the host.
type wrapped struct {
	Runtimes map[string]string `yaml:"runtimes"`
	Socket   string            `yaml:"socket"`
	Timeout  string            `yaml:"timeout"`
	Pass     struct {
		Namespaces []string `yaml:"namespaces"`
	} `yaml:"pass"`

	err error // it cannot be used
}

// readWrapped reads the wrapper's configuration, which may be missing.
func readWrapped(f files) wrapped {
	w := wrapped{Socket: wrapperSocket}
	data, err := f.read(wrapperConfig)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, policy.ErrNotVisible) {
			w.err = err
		}
		return w
	}
	var node yaml.Node
	switch err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&node); {
	case errors.Is(err, io.EOF):
	case err != nil:
		w.err = w.fault(strict.SyntaxError(err))
	default:
		if faults := strict.Decode(node.Content[0], &w, ""); len(faults) > 0 {
			w.err = w.fault(faults[0]) // as the wrapper does
		}
	}
	return w
}

func (*wrapped) fault(e strict.Error) error {
	return fmt.Errorf("%s:%d:%d: %w", wrapperConfig, e.Line, e.Column, e)
}
