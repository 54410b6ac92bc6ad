package manifest

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/similar"
)

// kubernetesVersion is the version of Kubernetes whose fields are known.
const kubernetesVersion = "1.37"

// speller finds fields that objects do not have.
type speller struct {
	*finder

	// likely: only those that are named almost as one that there is. Controllers add their own.
	likely bool
}

// spelling finds fields that an object of the type does not have: the API server drops them, or refuses
// the object.
func (f *finder) spelling(n *yaml.Node, typ, path string) { (&speller{finder: f}).node(n, typ, path) }

func (s *speller) node(n *yaml.Node, typ, path string) {
	n = follow(n)
	if s.decoder.visit(n) != nil {
		return // the decoder says so
	}
	switch n.Kind {
	case yaml.SequenceNode:
		for i, c := range n.Content {
			s.node(c, typ, fmt.Sprintf("%s[%d]", path, i))
		}
	case yaml.MappingNode:
		names, types := fieldsOf(typ)
		if typ == "Volume" {
			names = nil // the decoder says which types there are
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			s.field(follow(n.Content[i]), n.Content[i+1], names, types, path)
		}
	}
}

func (s *speller) field(key, val *yaml.Node, names []string, types map[string]string, path string) {
	below, known := types[key.Value]
	switch {
	case key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" || val.Anchor != "" && !known:
		// a key with an anchor is there for its aliases
	case known && below != "":
		s.node(val, below, join(path, key.Value))
	case known || names == nil || s.likely && similar.To(key.Value, names) == "":
	default:
		hint := similar.Hint(key.Value, names)
		if hint == "" {
			hint = ", which Kubernetes " + kubernetesVersion + " does not have"
		}
		s.note(placeOf(key).fault(path, "unknown field %q%s", key.Value, hint))
	}
}

// fieldsOf are the names of a type's fields, and the types of those that are objects or lists of
// objects; "" for others.
func fieldsOf(typ string) (names []string, types map[string]string) {
	types = make(map[string]string)
	for f := range strings.FieldsSeq(kubernetesFields(typ)) {
		name, below, _ := strings.Cut(f, "=")
		names = append(names, name)
		types[name] = below
	}
	return names, types
}
