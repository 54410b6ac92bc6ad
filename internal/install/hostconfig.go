package install

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/wrapperconfig"
)

const hostConfigHead = `# Settings of specguard-runtime on this node. specguard install wrote this file
# once, and leaves it alone from then on: it is yours to edit.
#
# runtimes: the real OCI runtime, by the name that the wrapper is started by.
# pass: what may run unjudged while the agent cannot be asked.
`

// render returns a new runtime.yaml.
func (w wrapping) render(pass []string) ([]byte, error) {
	c := wrapperconfig.Config{Runtimes: map[string]wrapperconfig.Path{}}
	for name, real := range w.real {
		c.Runtimes[name] = wrapperconfig.Path(real)
	}
	c.Pass.Namespaces = slices.Compact(slices.Sorted(slices.Values(pass)))
	data, err := yaml.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("render runtime.yaml: %w", err)
	}
	return append([]byte(hostConfigHead), data...), nil
}
