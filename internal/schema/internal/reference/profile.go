package reference

import (
	"fmt"
	"slices"
	"strings"

	"github.com/specguard/specguard/internal/schema"
	"github.com/specguard/specguard/policy"
)

// profiles is the section of the built-in profiles, each after the one that it
// extends.
func (w *page) profiles() error {
	fmt.Fprintf(w, "\n## Profiles\n\nThe rules of the built-in profiles. A policy's own rules override them field by field; a list "+
		"replaces the profile's list.\n")
	all := make([]schema.Profile, len(policy.Profiles()))
	for i, name := range policy.Profiles() {
		var err error
		if all[i], err = schema.ReadProfile(name); err != nil {
			return fmt.Errorf("profile %s: %w", name, err)
		}
	}
	for done := ""; len(all) > 0; {
		next := slices.IndexFunc(all, func(p schema.Profile) bool { return p.Extends == done })
		if next < 0 {
			return fmt.Errorf("no profile extends %q", done)
		}
		w.profile(all[next])
		done = all[next].Name
		all = slices.Delete(all, next, next+1)
	}
	return nil
}

func (w *page) profile(p schema.Profile) {
	fmt.Fprintf(w, "\n### %s\n\n%s\n\nFrom [%s.yaml](../policy/profiles/%s.yaml):\n\n", p.Name, p.About, p.Name, p.Name)
	w.table("rule", "settings", "")
	for _, r := range p.Rules {
		w.row(fmt.Sprintf("[`%s`](#%s)", r.Name, strings.ToLower(r.Name)), "`"+r.Settings+"`", r.About)
	}
}
