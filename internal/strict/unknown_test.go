package strict

import (
	"testing"

	"gopkg.in/yaml.v3"
)

// TestOldBool: a tool for YAML 1.1 that reads and writes a document makes another word of a key.
func TestOldBool(t *testing.T) {
	type moments struct {
		On   string `yaml:"on"`
		Name string `yaml:"name"`
	}
	const hint = `: tools for YAML 1.1 make this of on; quote it: "on"`
	for key, want := range map[string]string{
		"on": "", `"on"`: "",
		"true": `unknown field "true"` + hint, "True": `unknown field "True"` + hint, "yes": `unknown field "yes"` + hint,
		"y": `unknown field "y"` + hint, "ON": `unknown field "ON"` + hint, `"true"`: `unknown field "true"` + hint,
		"false": `unknown field "false" (allowed: on, name)`, "no": `unknown field "no" (allowed: on, name)`,
		"once": `unknown field "once" (allowed: on, name)`,
	} {
		var node yaml.Node
		if err := yaml.Unmarshal([]byte(key+": x"), &node); err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, err := range Decode(node.Content[0], &moments{}, "") {
			got += err.Msg
		}
		if got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}
