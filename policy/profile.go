package policy

import (
	"embed"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/strict"
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

// JSONSchema lists the profiles.
func (profileName) JSONSchema() map[string]any { return strict.Enum(Profiles()...) }

// profileFile is what stands in the file of a profile. The rules of a profile
// that it extends come first, overridden as a policy overrides its profile.
type profileFile struct {
	Extends profileName `yaml:"extends"`
	Rules   yaml.Node   `yaml:"rules"`
}

// layers returns the rules of the profile and, before them, of those that it
// extends.
func (p profileName) layers() []*yaml.Node {
	if p == "" {
		return nil
	}
	data, err := profileFiles.ReadFile("profiles/" + string(p) + ".yaml")
	if err != nil {
		return nil
	}
	var file profileFile
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil
	}
	return append(file.Extends.layers(), &file.Rules)
}
