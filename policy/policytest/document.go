package policytest

import (
	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/strict"
	"github.com/specguard/specguard/policy"
)

// Kind is the kind of the documents.
const Kind = "PolicyTest"

// document is a YAML document with tests. Its spec is read once it is certain
// that it is one.
type document struct {
	// APIVersion is the version of the format.
	APIVersion string `yaml:"apiVersion"`

	// Kind is the kind of the document.
	Kind string `yaml:"kind"`

	// Metadata names the document.
	Metadata metadata `yaml:"metadata"`

	// Spec is what the document says.
	Spec yaml.Node `yaml:"spec"`
}

// DocumentKind describes the kind.
func DocumentKind() policy.DocumentKind {
	return policy.DocumentKind{Name: Kind, Head: &document{}, Spec: &spec{}}
}

// JSONSchema says what Validate requires.
func (document) JSONSchema() map[string]any {
	return strict.Required("apiVersion", "kind", "metadata", "spec")
}

// metadata names a document.
type metadata struct {
	// Name is the document's name, for reports.
	Name string `yaml:"name"`

	// Labels are for other tools. They are not read.
	Labels map[string]string `yaml:"labels"`

	// Annotations are for other tools. They are not read.
	Annotations map[string]string `yaml:"annotations"`
}

// JSONSchema says that the name is required.
func (metadata) JSONSchema() map[string]any { return strict.Required("name") }

// Validate requires the version, the kind, a name and a spec.
func (d *document) Validate() error {
	switch {
	case d.APIVersion != policy.APIVersion:
		return strict.Field("apiVersion", "is %q (allowed: %s)", d.APIVersion, policy.APIVersion)
	case d.Kind != Kind:
		return strict.Field("kind", "is %q (allowed: %s)", d.Kind, Kind)
	case d.Metadata.Name == "":
		return strict.Field("metadata", "name is missing")
	case d.Spec.Kind == 0:
		return strict.Field("spec", "is missing: a test needs policies and cases")
	}
	return nil
}

// spec is a test of policies, with one or more cases.
type spec struct {
	// Policies are policy files, or folders of them, relative to the folder of the test.
	Policies []string `yaml:"policies"`

	// At is the time of the judgement, which matters for exceptions: a day, such as 2027-01-31
	// (from its beginning, UTC), or a time, such as 2027-01-31T12:00:00Z. Default: now.
	At moment `yaml:"at"`

	// SeccompDir is a folder of the seccomp profiles that the node has (Localhost), relative to
	// the folder of the test. Default: none.
	SeccompDir string `yaml:"seccompDir"`

	// Cases are the tests.
	Cases []testCase `yaml:"cases"`
}

// JSONSchema says what Validate requires.
func (spec) JSONSchema() map[string]any {
	s := strict.Required("policies", "cases")
	s["properties"] = map[string]any{"policies": strict.NotEmpty(), "cases": strict.NotEmpty()}
	return s
}

// Validate requires policies and cases.
func (s *spec) Validate() error {
	switch {
	case len(s.Policies) == 0:
		return strict.Field("policies", "is missing: name policy files, or folders of them")
	case len(s.Cases) == 0:
		return strict.Field("cases", "is missing")
	}
	return nil
}

// testCase is one test: a container, and what is expected of the decision.
type testCase struct {
	// Name says what is tested. It must be unique in the document.
	Name caseName `yaml:"name"`

	// Given is the container.
	Given given `yaml:"given"`

	// Expect is what the policies must decide about it.
	Expect expectation `yaml:"expect"`
}

// JSONSchema says what Validate requires.
func (testCase) JSONSchema() map[string]any { return strict.Required("name", "given", "expect") }

// Validate requires all parts.
func (c *testCase) Validate() error {
	switch {
	case c.Name.text == "":
		return strict.Field("name", "is missing")
	case c.Given.sources() == 0:
		return strict.Field("given", "is missing: a container, as pod or file")
	case c.Expect.Outcome == "":
		return strict.Field("expect", "is missing: the outcome, at least")
	}
	return nil
}
