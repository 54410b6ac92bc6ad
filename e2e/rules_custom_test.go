package e2e_test

import (
	"testing"

	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

func TestRuleCustom(t *testing.T) {
	const swap = `validations: [
		{name: swap, expression: "has(spec.linux.resources.memory.swap) && has(spec.linux.resources.memory.limit) && ` +
		`spec.linux.resources.memory.swap == spec.linux.resources.memory.limit", message: swap is not bounded},
		{name: image, expression: "container.image.startsWith('registry.example.com/') && pod.namespace.startsWith('custom-')", message: is from elsewhere}]`
	testRule(t, func(*testing.T, *node.Node) rule {
		return rule{
			name: "custom", checkOnly: true,
			breaking: []breach{
				{
					container: container{name: "some", config: `validations: [{name: terminal, expression: spec.process.terminal, message: has no terminal},
						{name: mounts, expression: "spec.mounts.all(m, m.destination != '/data')", message: mounts /data},
						{name: label, expression: "pod.labels['tier'] == 'web'", message: is not of the tier}]`,
						options: hostPath("/srv")},
					found: []string{"terminal: has no terminal", "mounts: mounts /data", "label: is not of the tier (cannot be evaluated: a key does not exist)"},
				},
			},
			compliant: []container{{name: "swap", config: swap, options: []cri.ContainerOption{cri.Resources(limited(64*mebi, 250))}}},
		}
	})
}
