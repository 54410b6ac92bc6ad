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
			sub.Pod.LinuxNamespaces = nil
			got := findings(compileDocs(t, policyDoc("test", "userNamespace: {}")).Evaluate(sub, Complete))
			if !slices.Equal(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// TestUserNamespaceOfSandbox: whoever calls CRI can claim other mappings for a
// container than its pod's user namespace has.
func TestUserNamespaceOfSandbox(t *testing.T) {
	ids := func(host uint32) []specs.LinuxIDMapping { return []specs.LinuxIDMapping{{HostID: host, Size: 65536}} }
	for name, tt := range map[string]struct {
		sandbox *Sandbox
		denied  bool
	}{
		"not known":             {nil, false},
		"the same":              {&Sandbox{UIDMappings: ids(100_000), GIDMappings: ids(100_000)}, false},
		"users are the host's":  {&Sandbox{UIDMappings: ids(0), GIDMappings: ids(100_000)}, true},
		"groups are the host's": {&Sandbox{UIDMappings: ids(100_000), GIDMappings: ids(0)}, true},
		"none":                  {&Sandbox{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, rule := range []string{"userNamespace: {}", "runAsNonRoot: {allowUserNamespaceRoot: true}", "procMount: {allowUserNamespace: true}"} {
				sub := subject(newSpec(withUser(0, 0), withPaths(nil, nil), withUserNamespace(100_000, 100_000)))
				sub.Pod.Sandbox = tt.sandbox
				set := compileDocs(t, policyDoc("test", rule))
				if !set.Select(&sub).Sandbox {
					t.Errorf("%s: does not read the sandbox", rule)
				}
				if d := set.Evaluate(sub, Complete); (d.Outcome() == Denied) != tt.denied {
					t.Errorf("%s: %s %q", rule, d.Outcome(), d.Message())
				}
			}
		})
	}
	sub := subject(newSpec())
	if compileDocs(t, policyDoc("test", "runAsNonRoot: {}", "procMount: {}")).Select(&sub).Sandbox {
		t.Error("the sandbox is read where no user namespace counts")
	}
}

// TestUserNamespaceOfOthers: mappings that a caller of CRI claims say nothing of a
// namespace that is not the pod's.
func TestUserNamespaceOfOthers(t *testing.T) {
	const own, other = "/proc/812/ns/user", "/proc/4242/ns/user"
	for name, tt := range map[string]struct {
		path  string
		host  []string
		known map[string][]string
		rule  string
		want  bool
	}{
		"the pod's":              {own, nil, map[string][]string{"user": {own}}, "userNamespace: {}", true},
		"nothing known":          {own, nil, nil, "userNamespace: {}", true},
		"the host's":             {other, []string{"user"}, nil, "userNamespace: {}", false},
		"another's":              {other, nil, map[string][]string{"user": {own}}, "userNamespace: {}", false},
		"root of the host's":     {other, []string{"user"}, nil, "runAsNonRoot: {allowUserNamespaceRoot: true}", false},
		"/proc of the host's":    {other, []string{"user"}, nil, "procMount: {allowUserNamespace: true}", false},
		"ids of the host's":      {other, []string{"user"}, nil, "hostPaths: {}", false},
		"ids of the pod's":       {own, nil, map[string][]string{"user": {own}}, "hostPaths: {}", true},
		"root of another's":      {other, nil, map[string][]string{"user": {own}}, "runAsNonRoot: {allowUserNamespaceRoot: true}", false},
		"root of the pod's":      {own, nil, map[string][]string{"user": {own}}, "runAsNonRoot: {allowUserNamespaceRoot: true}", true},
		"none is known to it":    {other, nil, map[string][]string{"ipc": {own}}, "userNamespace: {}", true},
		"a new one for each":     {"", nil, map[string][]string{"user": {own}}, "userNamespace: {}", true},
		"a new one, of the host": {"", []string{"user"}, nil, "userNamespace: {}", false},
	} {
		t.Run(name, func(t *testing.T) {
			spec := newSpec(withUser(0, 0), withPaths(nil, nil), withUserNamespace(100_000, 100_000))
			spec.Linux.Namespaces[len(spec.Linux.Namespaces)-1].Path = tt.path
			m := &spec.Mounts[len(spec.Mounts)-1]
			m.UIDMappings, m.GIDMappings = spec.Linux.UIDMappings, spec.Linux.GIDMappings
			sub := subject(spec)
			sub.Pod.HostNamespaces, sub.Pod.LinuxNamespacePaths = tt.host, tt.known
			if d := compileDocs(t, policyDoc("test", tt.rule)).Evaluate(sub, Complete); (d.Outcome() == Allowed) != tt.want {
				t.Errorf("%s %q", d.Outcome(), d.Message())
			}
		})
	}
}
