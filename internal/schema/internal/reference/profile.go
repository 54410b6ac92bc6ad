package reference

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/policy"
)

// profile is the file of a built-in profile.
type profile struct {
	name    string
	extends string
	about   string // the comment at its beginning
	rules   []profileRule
}

// profileRule is a rule of a profile, with the comment before it.
type profileRule struct{ name, settings, about string }

// profiles is the section of the built-in profiles, each after the one that it
// extends.
func (w *page) profiles(dir string) error {
	fmt.Fprintf(w, "\n## Profiles\n\nThe rules of the built-in profiles. A policy's own rules override them field by field; a list "+
		"replaces the profile's list.\n")
	all := make([]profile, len(policy.Profiles()))
	for i, name := range policy.Profiles() {
		var err error
		if all[i], err = readProfile(dir, name); err != nil {
			return fmt.Errorf("profile %s: %w", name, err)
		}
	}
	for done := ""; len(all) > 0; {
		next := slices.IndexFunc(all, func(p profile) bool { return p.extends == done })
		if next < 0 {
			return fmt.Errorf("no profile extends %q", done)
		}
		w.profile(all[next])
		done = all[next].name
		all = slices.Delete(all, next, next+1)
	}
	return nil
}

func (w *page) profile(p profile) {
	fmt.Fprintf(w, "\n### %s\n\n%s\n\nFrom [%s.yaml](../policy/profiles/%s.yaml):\n\n", p.name, p.about, p.name, p.name)
	w.table("rule", "settings", "")
	for _, r := range p.rules {
		w.row(fmt.Sprintf("[`%s`](#%s)", r.name, strings.ToLower(r.name)), "`"+r.settings+"`", r.about)
	}
}

func readProfile(dir, name string) (profile, error) {
	data, err := os.ReadFile(filepath.Join(dir, name+".yaml"))
	if err != nil {
		return profile{}, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return profile{}, err
	}
	p, top := profile{name: name}, doc.Content[0].Content
	p.about = about(doc.HeadComment + doc.Content[0].HeadComment + top[0].HeadComment)
	for i := 0; i < len(top); i += 2 {
		if top[i].Value == "extends" {
			p.extends = top[i+1].Value
			continue
		}
		rules := top[i+1].Content
		for k := 0; k < len(rules); k += 2 {
			settings, err := flow(rules[k+1])
			if err != nil {
				return p, err
			}
			p.rules = append(p.rules, profileRule{rules[k].Value, settings, about(rules[k].HeadComment)})
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

// flow writes the node in one line.
func flow(n *yaml.Node) (string, error) {
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
