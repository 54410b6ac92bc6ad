package policytest

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/input"
	"github.com/specguard/specguard/internal/manifest"
	"github.com/specguard/specguard/internal/strict"
	"github.com/specguard/specguard/policy"
)

// given is a container.
type given struct {
	// Pod is a manifest that kubectl would accept: a Pod, or a workload that creates pods.
	// Without apiVersion and kind it is a Pod.
	Pod yaml.Node `yaml:"pod"`

	// File is a file that "specguard check" can read, relative to the folder of the test: a
	// manifest, a config.json, the output of "crictl inspect".
	File string `yaml:"file"`

	// Container names the container. It is needed if the pod has several.
	Container string `yaml:"container"`

	// Patch is merged into the container's OCI spec (JSON Merge Patch, RFC
	// 7396): its members replace those of the spec, null removes one.
	Patch yaml.Node `yaml:"patch"`

	overrides `yaml:",inline"`

	// At overrides the document's at.
	At moment `yaml:"at"`
}

// JSONSchema says what Validate requires.
func (given) JSONSchema() map[string]any {
	return map[string]any{"oneOf": []any{strict.Required("pod"), strict.Required("file")}}
}

// overrides go over what the manifest or the file tells.
type overrides struct {
	// Namespace is the pod's namespace.
	Namespace *string `yaml:"namespace"`

	// PodLabels are the pod's labels, in place of all others.
	PodLabels map[string]string `yaml:"podLabels"`

	// RuntimeHandler is the pod's runtime handler.
	RuntimeHandler *string `yaml:"runtimeHandler"`

	// Image is the reference of the container's image, in place of all others.
	Image *string `yaml:"image"`
}

// Validate requires one source of the container.
func (g *given) Validate() error {
	switch {
	case g.sources() != 1:
		return strict.Field("pod", "either pod or file is needed")
	case g.Pod.Kind != 0 && g.Pod.Kind != yaml.MappingNode:
		return strict.Field("pod", "must be a manifest")
	case g.Patch.Kind != 0 && g.Patch.Kind != yaml.MappingNode:
		return strict.Field("patch", "must be a part of an OCI spec")
	}
	return nil
}

func (g *given) sources() int {
	n := 0
	if g.Pod.Kind != 0 {
		n++
	}
	if g.File != "" {
		n++
	}
	return n
}

// container makes the container; dir is the folder of the test, and seccompDir that of the node's
// seccomp profiles, "" for none.
func (g *given) container(dir, seccompDir string) (*input.Container, error) {
	containers, err := g.read(dir)
	if err != nil {
		return nil, err
	}
	c, err := choose(containers, g.Container)
	if err != nil {
		return nil, err
	}
	if seccompDir != "" {
		if err := c.UseSeccompDir(seccompDir); err != nil {
			return nil, err
		}
	}
	g.override(&c.Subject)
	if g.Patch.Kind != 0 {
		if c.Subject.Spec, err = patch(c.Subject.Spec, &g.Patch); err != nil {
			return nil, fmt.Errorf("patch: %w", err)
		}
	}
	return c, nil
}

func (g *given) read(dir string) ([]input.Container, error) {
	if g.File == "" {
		return g.derive()
	}
	path := g.File
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	data, err := input.ReadFile(path)
	if err != nil {
		return nil, missing(g.File, err)
	}
	return input.Read(g.File, data)
}

func (g *given) derive() ([]input.Container, error) {
	data, err := manifestOf(&g.Pod)
	if err != nil {
		return nil, fmt.Errorf("pod: %w", err)
	}
	containers, err := input.Read("pod", data)
	var fault *manifest.Error
	if errors.As(err, &fault) { // its place is not one of the test
		return nil, fmt.Errorf("pod: %s", fault.Msg)
	}
	return containers, err
}

// manifestOf is the pod as a document of its own.
func manifestOf(pod *yaml.Node) ([]byte, error) {
	doc := *pod
	for _, m := range []struct{ key, value string }{{"kind", "Pod"}, {"apiVersion", "v1"}} {
		if !hasKey(pod, m.key) {
			doc.Content = slices.Concat([]*yaml.Node{scalar(m.key), scalar(m.value)}, doc.Content)
		}
	}
	return yaml.Marshal(&doc)
}

func scalar(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}

func hasKey(n *yaml.Node, key string) bool {
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return true
		}
	}
	return false
}

// choose returns the container of the name; any, where there is but one.
func choose(containers []input.Container, name string) (*input.Container, error) {
	var found []*input.Container
	var names []string
	for i := range containers {
		c := &containers[i]
		if name == "" || c.Subject.Container.Name == name {
			found = append(found, c)
		}
		names = append(names, c.Subject.Container.Name)
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case name == "":
		return nil, fmt.Errorf("container: is missing: there are %s", strings.Join(names, ", "))
	case len(found) == 0:
		return nil, fmt.Errorf("container: there is no %q (there are %s)", name, strings.Join(names, ", "))
	default:
		return nil, fmt.Errorf("container: there are %d with the name %q (of %s)", len(found), name, strings.Join(names, ", "))
	}
}

func (o *overrides) override(s *policy.Subject) {
	if o.Namespace != nil {
		s.Pod.Namespace = *o.Namespace
	}
	if o.PodLabels != nil {
		s.Pod.Labels, s.Pod.LabelsUnseen = o.PodLabels, false
	}
	if o.RuntimeHandler != nil {
		s.Pod.RuntimeHandler = *o.RuntimeHandler
	}
	if o.Image != nil {
		s.Container.Image, s.Container.OtherImages = *o.Image, nil
	}
}
