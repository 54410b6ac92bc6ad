package schema

import (
	"bytes"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/policy"
)

// Profile is the file of a built-in profile.
type Profile struct {
	Name    string
	Extends string
	About   string // the comment at its beginning
	Rules   []ProfileRule
}

// ProfileRule is a rule of a profile, with the comment before it.
type ProfileRule struct{ Name, Settings, About string }

// ReadProfile reads a built-in profile.
func ReadProfile(name string) (Profile, error) {
	data, err := policy.ProfileFile(name)
	if err != nil {
		return Profile{}, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return Profile{}, err
	}
	p, top := Profile{Name: name}, doc.Content[0].Content
	p.About = about(doc.HeadComment + doc.Content[0].HeadComment + top[0].HeadComment)
	for i := 0; i < len(top); i += 2 {
		if top[i].Value == "extends" {
			p.Extends = top[i+1].Value
			continue
		}
		rules := top[i+1].Content
		for k := 0; k < len(rules); k += 2 {
			settings, err := Flow(rules[k+1])
			if err != nil {
				return p, err
			}
			p.Rules = append(p.Rules, ProfileRule{rules[k].Value, settings, about(rules[k].HeadComment)})
		}
	}
	return p, nil
}

// about is a comment as text. What is indented in it is a table.
func about(comment string) string {
	var out []string
	table := false
	for line := range strings.Lines(comment) {
		line = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(line), "#"), " ")
		if strings.HasPrefix(line, " ") != table {
			out, table = append(out, "```"), !table
		}
		out = append(out, line)
	}
	if table {
		out = append(out, "```")
	}
	return strings.Join(out, "\n")
}

// Flow writes the node in one line.
func Flow(n *yaml.Node) (string, error) {
	flat(n)
	var out bytes.Buffer
	err := yaml.NewEncoder(&out).Encode(n)
	return strings.TrimSpace(out.String()), err
}

func flat(n *yaml.Node) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	if n.Kind != yaml.ScalarNode {
		n.Style = yaml.FlowStyle
	}
	for _, c := range n.Content {
		flat(c)
	}
}
