package policy

import (
	"fmt"
	"strings"

	"github.com/specguard/specguard/internal/strict"
)

// Builtin describes the policy that is in force while there are no policy files: a profile
// for every container.
type Builtin struct {
	// Profile is the name of a profile (see Profiles). It may have a version of the Pod Security
	// Standards, such as restricted@v1.30.
	Profile string `yaml:"profile"`

	// Mode says whether the profile is enforced.
	Mode Mode `yaml:"mode"`
}

// DefaultBuiltin is the profile baseline in mode audit: an agent without policies only reports.
func DefaultBuiltin() Builtin { return Builtin{Profile: "baseline", Mode: ModeAudit} }

// Validate returns an error for an unknown profile or mode.
func (b Builtin) Validate() error {
	if err := new(profileName).UnmarshalText([]byte(b.Profile)); err != nil {
		return strict.Field("profile", "%s", err)
	}
	if b.Mode != ModeAudit && b.Mode != ModeEnforce {
		return strict.Field("mode", "%q is not one of %s, %s", b.Mode, ModeEnforce, ModeAudit)
	}
	return nil
}

// Compile makes the Set, whose only policy is called builtin-PROFILE, with a dash before a version.
func (b Builtin) Compile() (*Set, error) {
	if err := b.Validate(); err != nil {
		return nil, err
	}
	doc := fmt.Sprintf("apiVersion: %s\nkind: Policy\nmetadata: {name: %s}\nspec: {profile: %s, mode: %s}\n",
		APIVersion, b.name(), b.Profile, b.Mode)
	set, err := Compile(Source{Name: "builtin", Data: []byte(doc)})
	if err != nil {
		return nil, err
	}
	set.builtin, set.warnings = true, nil // nobody wrote it
	return set, nil
}

func (b Builtin) name() string { return "builtin-" + strings.ReplaceAll(b.Profile, "@", "-") }
