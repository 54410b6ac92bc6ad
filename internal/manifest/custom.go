package manifest

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"
)

// hidden are groups of the API whose objects make pods that no part of them has the form of.
func hidden(group string) bool {
	return group == "kubevirt.io" || group == "sparkoperator.k8s.io"
}

// ownGroup is that of specguard's own documents. The pods in a PolicyTest do not run.
const ownGroup = "specguard.dev"

// custom finds pods in an object of a kind that Kubernetes itself does not have: whatever has containers
// with images is taken for the spec of a pod. An object can have several.
func (f *finder) custom(n *yaml.Node, o object, group string) error {
	if group == ownGroup {
		f.skip(n, o, "")
		return nil
	}
	before := len(f.found)
	s := &search{finder: f, object: o, root: n}
	s.below(n, nil, "")
	if len(f.found) > before {
		return nil
	}
	reason := s.reason
	if reason == "" && hidden(group) {
		reason = "its controller makes the pods; the manifest does not show them"
	}
	f.skip(n, o, reason)
	return nil
}

// search looks for the specs of pods in an object.
type search struct {
	*finder
	object object
	root   *yaml.Node
	reason string // why none of the pods that were found is judged
}

// below looks at the node, and what is below it. parent is the mapping that it belongs to.
func (s *search) below(n, parent *yaml.Node, path string) {
	n = follow(n)
	if s.decoder.visit(n) != nil {
		return
	}
	switch n.Kind {
	case yaml.SequenceNode:
		for i, c := range n.Content {
			s.below(c, n, fmt.Sprintf("%s[%d]", path, i))
		}
	case yaml.MappingNode:
		if hasContainers(n) {
			s.take(n, parent, path)
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			s.below(n.Content[i+1], n, join(path, n.Content[i].Value))
		}
	}
}

// take reads the spec of a pod. Beside it are the pod's metadata, if it is in a template.
func (s *search) take(n, parent *yaml.Node, path string) {
	t := &template{object: s.object, number: s.Objects - 1, custom: true, path: path, At: placeOf(n), nodes: podNodes{spec: n}}
	if parent != nil && parent != s.root {
		t.nodes.metadata = member(parent, "metadata")
	}
	for _, list := range []string{"containers", "initContainers"} {
		if c := member(n, list); c != nil {
			(&speller{finder: s.finder, likely: true}).node(c, "Container", join(path, list))
		}
	}
	err := s.decoder.decode(n, &t.Spec, path)
	if m := t.nodes.metadata; err == nil && m != nil {
		err = s.decoder.decode(m, &t.Metadata, "metadata")
	}
	if err != nil {
		s.note(err)
		s.reason = "has an error"
		return
	}
	for i := range t.Spec.Containers {
		if c := &t.Spec.Containers[i]; c.Name == "" {
			c.Name = fmt.Sprintf("container-%d", i) // controllers give names
		}
	}
	s.found = append(s.found, t)
}

// hasContainers reports whether the mapping has a list of containers, of which one has an image.
func hasContainers(n *yaml.Node) bool {
	list := member(n, "containers")
	if list == nil || follow(list).Kind != yaml.SequenceNode {
		return false
	}
	return slices.ContainsFunc(follow(list).Content, func(c *yaml.Node) bool {
		image := lookup(c, "image")
		return image != nil && follow(image).ShortTag() == "!!str"
	})
}
