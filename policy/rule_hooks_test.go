package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"pgregory.net/rapid"
)

// withHooks adds hooks of every kind, each "kind path".
func withHooks(hooks ...string) option {
	return func(s *specs.Spec) {
		if s.Hooks == nil {
			s.Hooks = &specs.Hooks{}
		}
		for _, h := range hooks {
			kind, path, _ := strings.Cut(h, " ")
			for _, k := range hookKinds(s.Hooks) {
				if k.name == kind {
					*k.hooks = append(*k.hooks, specs.Hook{Path: path, Args: []string{path, "not-to-be-shown"}})
				}
			}
		}
	}
}

// listHooks is the reverse of withHooks.
func listHooks(s *specs.Spec) []string {
	var out []string
	for _, k := range hookKinds(s.Hooks) {
		for _, h := range *k.hooks {
			out = append(out, k.name+" "+h.Path)
		}
	}
	return out
}

func TestHooks(t *testing.T) {
	kinds := []string{"prestart /a", "createRuntime /b", "createContainer /c", "startContainer /d", "poststart /e", "poststop /f"}
	for name, tt := range map[string]struct {
		rule        string
		hooks, left []string
		found       string
	}{
		"none":        {"", nil, nil, ""},
		"allowed":     {`allowed: ["/usr/bin/nvidia-*"]`, []string{"prestart /usr/bin/nvidia-ctk"}, []string{"prestart /usr/bin/nvidia-ctk"}, ""},
		"by name":     {"allowed: [/opt/x]", []string{"poststart /opt/x"}, []string{"poststart /opt/x"}, ""},
		"some":        {"allowed: [/opt/x]", []string{"createRuntime /opt/x", "createRuntime /opt/y", "poststop /opt/x"}, []string{"createRuntime /opt/x", "poststop /opt/x"}, "createRuntime /opt/y not allowed (allowed: /opt/x)"},
		"any":         {`allowed: ["**"]`, kinds, kinds, ""},
		"each kind":   {"", kinds, nil, strings.Join(kinds, ", ") + " not allowed (allowed: none)"},
		"many":        {"", append(kinds, "poststop /g"), nil, strings.Join(kinds, ", ") + " and 1 more not allowed (allowed: none)"},
		"relative":    {`allowed: ["**"]`, []string{"prestart x", "prestart ../x"}, nil, "prestart x, prestart ../x not allowed (allowed: **)"},
		"with dots":   {`allowed: ["/opt/**"]`, []string{"prestart /opt/../bin/sh", "prestart /opt//x"}, nil, "prestart /opt/../bin/sh, prestart /opt//x not allowed (allowed: /opt/**)"},
		"folder only": {`allowed: ["/opt/*"]`, []string{"prestart /opt/a/b"}, nil, "prestart /opt/a/b not allowed (allowed: /opt/*)"},
		"no path":     {`allowed: ["**"]`, []string{"poststop "}, nil, "poststop  not allowed (allowed: **)"},
	} {
		t.Run(name, func(t *testing.T) {
			spec := newSpec(withHooks(tt.hooks...))
			d := decide(t, spec, "hooks: {"+tt.rule+"}")
			var want []string
			if tt.found != "" {
				want = []string{"hooks: hooks " + tt.found}
			}
			if got := findings(d); !slices.Equal(got, want) {
				t.Errorf("found %q, want %q", got, want)
			}
			adjusted := decide(t, spec, strings.TrimSuffix("hooks: {onViolation: adjust, "+tt.rule, ", ")+"}")
			if got := listHooks(adjusted.Spec); !slices.Equal(got, tt.left) {
				t.Errorf("left %q, want %q", got, tt.left)
			}
			if got := len(changes(adjusted)); got != len(tt.hooks)-len(tt.left) {
				t.Errorf("changes %q", changes(adjusted))
			}
			if said := fmt.Sprint(d.Message(), changes(adjusted)); strings.Contains(said, "not-to-be-shown") {
				t.Errorf("an argument is shown: %s", said)
			}
		})
	}
}

func TestHooksErrors(t *testing.T) {
	for pattern, ok := range map[string]bool{
		"/usr/bin/nvidia-*": true, "**": true, "**/nvidia-ctk": true, "{/opt/a,/opt/b}": true,
		"": false, "nvidia-*": false, "*": false, "/opt/": false, "/opt/../bin/*": false, "//opt/*": false,
	} {
		want := ""
		if !ok {
			want = `0.yaml:6:22: spec.rules.hooks.allowed: "` + pattern + `" is not an absolute path (allowed: a path such as /usr/bin/nvidia-ctk, /opt/hooks/*)`
		}
		if got := loadError(`hooks: {allowed: ["` + pattern + `"]}`); got != want {
			t.Errorf("%q: %s, want %s", pattern, got, want)
		}
	}
}

func drawHooks(t *rapid.T, _ Action) []string {
	return some(t, "field", `allowed: ["/opt/*"]`)
}

func drawHooksEdit(t *rapid.T) option {
	return withHooks(some(t, "hooks", "prestart /opt/a", "createRuntime /bin/x", "startContainer rel", "poststop /opt/b", "poststart /opt/../x")...)
}
