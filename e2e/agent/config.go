package agent

import (
	"fmt"
	"os"

	"sigs.k8s.io/yaml"

	"github.com/specguard/specguard/e2e/node"
)

// writeConfig writes the configuration file of an agent on n. The node's
// container runtime keeps its files in folders of its own, which the agent has
// to know: they are added where the configuration does not name any. An agent
// that does not know the field is given none by null.
func writeConfig(file string, n *node.Node, config string) error {
	content := map[string]any{}
	if err := yaml.Unmarshal([]byte(config), &content); err != nil {
		return fmt.Errorf("read agent configuration: %w", err)
	}
	host, _ := content["host"].(map[string]any)
	if host == nil {
		host = map[string]any{}
	}
	if dirs, set := host["runtimeDirs"]; !set {
		host["runtimeDirs"] = n.RuntimeDirs()
	} else if dirs == nil {
		delete(host, "runtimeDirs")
	}
	if content == nil { // of an empty document
		content = map[string]any{}
	}
	content["host"] = host
	out, err := yaml.Marshal(content)
	if err != nil {
		return fmt.Errorf("write agent configuration: %w", err)
	}
	if err := os.WriteFile(file, out, 0o644); err != nil {
		return fmt.Errorf("write agent configuration: %w", err)
	}
	return nil
}
