package policy

import (
	"fmt"
	"regexp"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/strict"
)

// APIVersion is the version of the policy documents that this package reads.
const APIVersion = "specguard.dev/v1beta1"

// alphaVersion is the version that documents had before the first release.
const alphaVersion = "specguard.dev/v1alpha1"

// The kinds of documents.
const (
	kindPolicy    = "Policy"
	kindException = "Exception"
)

// document is what all YAML documents have in common. The kind tells what the
// spec decodes into.
type document struct {
	// APIVersion is the version of the format.
	APIVersion string `yaml:"apiVersion"`

	// Kind is the kind of the document.
	Kind string `yaml:"kind"`

	// Metadata names the document.
	Metadata metadata `yaml:"metadata"`

	// Spec is the body of the document.
	Spec yaml.Node `yaml:"spec"`
}

// JSONSchema says what Validate requires.
func (document) JSONSchema() map[string]any {
	return strict.Required("apiVersion", "kind", "metadata", "spec")
}

// Validate requires the version and a kind that this package knows.
func (d *document) Validate() error {
	switch {
	case d.APIVersion == alphaVersion:
		return strict.Field("apiVersion", "is %q, which was never released (write %s; docs/policy.md says what it promises)",
			d.APIVersion, APIVersion)
	case d.APIVersion != APIVersion:
		return strict.Field("apiVersion", "is %q (allowed: %s)", d.APIVersion, APIVersion)
	case d.Kind != kindPolicy && d.Kind != kindException:
		return strict.Field("kind", "is %q (allowed: %s, %s)", d.Kind, kindPolicy, kindException)
	case d.Metadata.Name == "":
		return strict.Field("metadata", "name is missing")
	}
	return nil
}

// metadata names a document.
type metadata struct {
	// Name is the document's name. No other document of its kind may have it.
	Name name `yaml:"name"`

	// Labels are for other tools. They are not read.
	Labels map[string]string `yaml:"labels"`

	// Annotations are for other tools. They are not read.
	Annotations map[string]string `yaml:"annotations"`
}

// JSONSchema says that the name is required.
func (metadata) JSONSchema() map[string]any { return strict.Required("name") }

// policySpec is a policy: rules for the containers that it matches.
type policySpec struct {
	// Match selects the containers to which the policy applies.
	// Default: all but those in kube-system.
	Match Match `yaml:"match"`

	// Mode says whether the policy is enforced.
	// Default: enforce.
	Mode Mode `yaml:"mode"`

	// Priority orders policies that adjust: the one with the highest priority adjusts first.
	// Default: 0.
	Priority int `yaml:"priority"`

	// Profile is a built-in profile: the policy gets its rules. The policy's own rules override
	// them field by field. restricted@v1.30 follows that version of the Pod Security Standards,
	// restricted the newest one.
	// Default: no profile.
	Profile profileName `yaml:"profile"`

	// OnViolation says what happens to a container that breaks a rule of the policy. It replaces
	// what the profile says. A rule that says it itself, in rules, keeps that. adjust is for the
	// rules that can adjust. The others keep what the profile says, or reject.
	// Default: what the profile says, and reject for other rules.
	OnViolation policyAction `yaml:"onViolation"`

	// Rules holds the policy's own rules, by name.
	Rules yaml.Node `yaml:"rules"` // the rule table tells what each decodes into
}

// JSONSchema says that there must be a profile or rules.
func (policySpec) JSONSchema() map[string]any {
	rules := strict.Required("rules")
	rules["properties"] = map[string]any{"rules": map[string]any{"minProperties": 1}}
	return map[string]any{"anyOf": []any{strict.Required("profile"), rules}}
}

// name is a name as in Kubernetes: a DNS subdomain of lower-case letters, digits,
// - and dots.
type name string

// UnmarshalText reads a name: a DNS-1123 subdomain, as in Kubernetes.
func (n *name) UnmarshalText(text []byte) error {
	ok, _ := regexp.Match(namePattern, text)
	if !ok || len(text) > maxName {
		return fmt.Errorf("%q is not a valid name (allowed: at most %d of a-z, 0-9, '-' and '.', starting and ending with a letter or digit)",
			text, maxName)
	}
	*n = name(text)
	return nil
}

const (
	namePattern = `^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	maxName     = 253
)

// JSONSchema has the pattern and the length.
func (name) JSONSchema() map[string]any {
	s := strict.Named("name", strict.Pattern(namePattern))
	s["maxLength"] = maxName
	return s
}
