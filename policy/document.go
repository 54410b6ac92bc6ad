package policy

import (
	"fmt"
	"regexp"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/policy/strict"
)

// APIVersion is the version of the policy documents that this package reads.
const APIVersion = "specguard.dev/v1alpha1"

// document is one YAML document of kind Policy.
type document struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Metadata   metadata `yaml:"metadata"`
	Spec       spec     `yaml:"spec"`
}

// Validate wants the version and kind that this package knows.
func (d *document) Validate() error {
	switch {
	case d.APIVersion != APIVersion:
		return strict.Field("apiVersion", "is %q (allowed: %s)", d.APIVersion, APIVersion)
	case d.Kind != "Policy":
		return strict.Field("kind", "is %q (allowed: Policy)", d.Kind)
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

// spec is the body of a policy. The rules stay nodes here: the rule table
// tells what each decodes into.
type spec struct {
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
	ok, _ := regexp.Match(`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`, text)
	if !ok || len(text) > 253 {
		return fmt.Errorf("%q is no name (allowed: at most 253 of a-z, 0-9, '-' and '.', starting and ending with a letter or digit)", text)
	}
	*n = name(text)
	return nil
}
