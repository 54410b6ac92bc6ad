package policy

import (
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func TestUserNamespace(t *testing.T) {
	const maps = "userNamespace: the user namespace maps the host's root, or nothing (allowed: mappings without the host's id 0)"
	for name, tt := range map[string]struct {
		spec *specs.Spec
		want []string
	}{
		"none":              {newSpec(), []string{"userNamespace: no user namespace (allowed: a pod with hostUsers: false)"}},
		"one":               {newSpec(withUserNamespace(100_000, 100_000)), nil},
		"maps the host's 0": {newSpec(withUserNamespace(0, 100_000)), []string{maps}},
		"maps group 0":      {newSpec(withUserNamespace(100_000, 0)), []string{maps}},
		"empty spec":        {&specs.Spec{}, []string{"userNamespace: no user namespace (allowed: a pod with hostUsers: false)"}},
		"without a mapping": {newSpec(withUserNamespace(1, 1), func(s *specs.Spec) { s.Linux.UIDMappings = nil }), []string{maps}},
	} {
		t.Run(name, func(t *testing.T) {
			sub := subject(tt.spec)
			sub.Pod.Namespaces = nil
			got := findings(compileDocs(t, policyDoc("test", "userNamespace: {}")).Evaluate(sub, Final))
			if !slices.Equal(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
