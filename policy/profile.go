package policy

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/strict"
)

//go:embed profiles/*.yaml
var profileFiles embed.FS

//go:embed standards.yaml
var standards []byte

// profileName names a built-in profile, with or without a version of the Pod Security Standards,
// such as restricted@v1.30; "" for none.
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

// ProfileFile returns the file of a built-in profile.
func ProfileFile(name string) ([]byte, error) {
	return profileFiles.ReadFile("profiles/" + name + ".yaml")
}

// UnmarshalText reads a profile's name, with or without a version of the Pod Security Standards;
// an unknown one is an error that names the known ones.
func (p *profileName) UnmarshalText(text []byte) error {
	name, version, pinned := strings.Cut(string(text), "@")
	if !slices.Contains(Profiles(), name) {
		return fmt.Errorf("unknown profile %q (allowed: %s; with a version: restricted@v1.%d)",
			name, strings.Join(Profiles(), ", "), newestStandard)
	}
	if pinned {
		if err := new(StandardVersion).UnmarshalText([]byte(version)); err != nil {
			return err
		}
	}
	*p = profileName(text)
	return nil
}

// JSONSchema lists the profiles, and takes them with a version.
func (profileName) JSONSchema() map[string]any {
	minors := make([]string, 0, newestStandard-oldestStandard+1)
	for n := oldestStandard; n <= newestStandard; n++ {
		minors = append(minors, strconv.Itoa(n))
	}
	pattern := strict.Pattern(fmt.Sprintf(`^(%s)@(latest|v1\.(%s))$`, strings.Join(Profiles(), "|"), strings.Join(minors, "|")))
	return strict.Named("profile", map[string]any{"anyOf": []any{strict.Enum(Profiles()...), pattern}})
}

// profileFile is what stands in the file of a profile. The rules of a profile
// that it extends come first, overridden as a policy overrides its profile.
type profileFile struct {
	Extends profileName `yaml:"extends"`
	Rules   yaml.Node   `yaml:"rules"`
}

// layers returns the rules of the profile and, before them, of those that it extends; after
// them what differs in the version of the Standards that it is pinned to.
func (p profileName) layers() []*yaml.Node {
	name, version, _ := strings.Cut(string(p), "@")
	layers, names := layersOf(name)
	for _, c := range standardChanges() {
		if StandardVersion(version).minor() >= c.Before.minor() {
			continue
		}
		for _, n := range names {
			if rules, ok := c.Rules[n]; ok {
				layers = append(layers, &rules)
			}
		}
	}
	return layers
}

// layersOf gives the rules of a profile, and of those that it extends before them, with
// the names of these profiles.
func layersOf(name string) (layers []*yaml.Node, names []string) {
	data, err := ProfileFile(name)
	if err != nil {
		return nil, nil // no profile
	}
	var file profileFile
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, nil
	}
	layers, names = layersOf(string(file.Extends))
	return append(layers, &file.Rules), append(names, name)
}

// standardChange is what the Pod Security Standards said before a version.
type standardChange struct {
	Before StandardVersion      `yaml:"before"`
	Rules  map[string]yaml.Node `yaml:",inline"` // by profile
}

// standardChanges gives them, the newest first.
func standardChanges() []standardChange {
	var out []standardChange
	if err := yaml.Unmarshal(standards, &out); err != nil {
		return nil
	}
	return out
}
