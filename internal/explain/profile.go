package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/specguard/specguard/internal/schema"
	"github.com/specguard/specguard/policy"
)

// profiles lists the built-in profiles.
func (e *explainer) profiles() ([]Section, error) {
	var text []string
	for _, name := range policy.Profiles() {
		p, err := schema.ReadProfile(name)
		if err != nil {
			return nil, err
		}
		about, _, _ := strings.Cut(joined(p.About), "\n")
		if p.Extends != "" {
			about = "extends " + p.Extends + ". " + about
		}
		text = append(text, name+"\t"+about)
	}
	field, err := find("policy.profile")
	return append(e.field(field), Section{Title: "PROFILES", Text: text}), err
}

// profile explains a built-in profile, with or without a version of the Pod Security Standards.
func (e *explainer) profile(full string) ([]Section, error) {
	name, _, _ := strings.Cut(full, "@")
	if !slices.Contains(policy.Profiles(), name) {
		return nil, fmt.Errorf("there is no profile %q%s", full, hintOrList(name, policy.Profiles(),
			" (allowed: "+strings.Join(policy.Profiles(), ", ")+")"))
	}
	p, err := schema.ReadProfile(name)
	if err != nil {
		return nil, err
	}
	rules, err := policy.ProfileRules(full)
	if err != nil {
		return nil, err
	}
	out := []Section{{Title: "PROFILE", Value: full}, {Title: "DESCRIPTION", Text: lines(joined(p.About))}}
	if p.Extends != "" {
		out[1].Text = append(out[1].Text, "", "It extends "+p.Extends+".")
	}
	var text []string
	said := make(map[string]bool)
	for at := p; ; {
		for _, r := range at.Rules {
			i := slices.IndexFunc(rules, func(w policy.WrittenRule) bool { return w.Rule == r.Name })
			if i < 0 || said[r.Name] {
				continue
			}
			said[r.Name] = true
			line, err := ruleLine(rules[i], joined(r.About))
			if err != nil {
				return nil, err
			}
			text = append(text, line)
		}
		if at.Extends == "" {
			return append(out, Section{Title: "RULES", Text: text}), nil
		}
		if at, err = schema.ReadProfile(at.Extends); err != nil {
			return nil, err
		}
	}
}

// ruleLine is a rule of a profile.
func ruleLine(r policy.WrittenRule, about string) (string, error) {
	settings, err := schema.Flow(r.Parameters)
	return r.Rule + "\t" + settings + "\n" + about, err
}

// joined is a comment in paragraphs.
func joined(about string) string {
	return strings.TrimSpace(strings.ReplaceAll(schema.Unwrap(about), "```\n", ""))
}
