package policy

import (
	"embed"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

//go:embed profiles/*.yaml
var profileFiles embed.FS

// profileName names a built-in profile; "" for none.
type profileName string

// Profiles returns the names of the built-in profiles.
func Profiles() []string {
	entries, _ := profileFiles.ReadDir("profiles") // embedded: always there
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ".yaml")
	}
	return names
}

// UnmarshalText reads a profile's name; an unknown one is an error that names
// the known ones.
func (p *profileName) UnmarshalText(text []byte) error {
	for _, n := range Profiles() {
		if n == string(text) {
			*p = profileName(text)
			return nil
		}
	}
	return fmt.Errorf("unknown profile %q (allowed: %s)", text, strings.Join(Profiles(), ", "))
}

// rules returns the node of the profile's rules; an empty node for none.
func (p profileName) rules() *yaml.Node {
	none := &yaml.Node{}
	if p == "" {
		return none
	}
	data, err := profileFiles.ReadFile("profiles/" + string(p) + ".yaml")
	if err != nil {
		return none
	}
	var doc struct {
		Rules yaml.Node `yaml:"rules"`
	}
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return none
	}
	return &doc.Rules
}
