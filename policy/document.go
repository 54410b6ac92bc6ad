package policy

import (
	"fmt"
	"regexp"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/policy/strict"
)

// APIVersion is the version of the policy documents that this package reads.
const APIVersion = "specguard.dev/v1alpha1"

// The kinds of documents.
const (
	kindPolicy    = "Policy"
	kindException = "Exception"
)

// document is what all YAML documents have in common. The kind tells what the
// spec decodes into.
type document struct {
	APIVersion string    `yaml:"apiVersion"`
	Kind       string    `yaml:"kind"`
	Metadata   metadata  `yaml:"metadata"`
	Spec       yaml.Node `yaml:"spec"`
}

// Validate wants the version and a kind that this package knows.
func (d *document) Validate() error {
	switch {
	case d.APIVersion != APIVersion:
		return strict.Field("apiVersion", "is %q (allowed: %s)", d.APIVersion, APIVersion)
	case d.Kind != kindPolicy && d.Kind != kindException:
		return strict.Field("kind", "is %q (allowed: %s, %s)", d.Kind, kindPolicy, kindException)
	case d.Metadata.Name == "":
		return strict.Field("metadata", "name is missing")
	}
	return nil
}

type metadata struct {
	Name        name              `yaml:"name"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// policySpec is the body of a policy. The rules stay nodes here: the rule table
// tells what each decodes into.
type policySpec struct {
	Match    Match       `yaml:"match"`
	Mode     Mode        `yaml:"mode"`
	Priority int         `yaml:"priority"`
	Profile  profileName `yaml:"profile"`
	Rules    yaml.Node   `yaml:"rules"`
}

// name is the name of a policy.
type name string

// UnmarshalText reads a name: a DNS-1123 subdomain, as in Kubernetes.
func (n *name) UnmarshalText(text []byte) error {
	ok, _ := regexp.Match(namePattern, text)
	if !ok || len(text) > maxName {
		return fmt.Errorf("%q is no name (allowed: at most %d of a-z, 0-9, '-' and '.', starting and ending with a letter or digit)", text, maxName)
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
