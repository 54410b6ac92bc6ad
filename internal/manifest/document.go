package manifest

import (
	"encoding/json"
	"regexp"
	"strconv"
	"unicode/utf16"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/strict"
)

// documents parses the YAML documents, or the JSON document. A document that cannot be parsed is a
// fault.
func documents(data []byte) ([]*yaml.Node, Faults) {
	if json.Valid(data) {
		data = jsonEscapes.ReplaceAllFunc(data, yamlEscape)
	}
	docs, errs := strict.Documents(data)
	var faults Faults
	for _, e := range errs {
		faults = append(faults, &Error{Line: e.Line, Column: e.Column, Msg: e.Msg})
	}
	return docs, faults
}

// jsonEscapes finds the escapes in JSON strings. The YAML parser knows neither
// an escaped slash nor pairs of surrogates.
var jsonEscapes = regexp.MustCompile(`\\(?:[^u]|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})`)

// yamlEscape gives the escape in a form that YAML knows too.
func yamlEscape(escape []byte) []byte {
	switch escape[1] {
	case '/':
		return escape[1:]
	case 'u':
		high, _ := strconv.ParseUint(string(escape[2:6]), 16, 16) // digits by the pattern
		low, _ := strconv.ParseUint(string(escape[8:12]), 16, 16)
		return []byte(string(utf16.DecodeRune(rune(high), rune(low))))
	default:
		return escape
	}
}

// lookup follows the keys into mappings; nil where there is nothing.
func lookup(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		if n = member(follow(n), key); n == nil {
			return nil
		}
	}
	return n
}

func member(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// follow gives what an alias stands for.
func follow(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}
