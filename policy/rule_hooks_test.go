package policy

import (
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

func TestHooks(t *testing.T) {
	for name, tt := range map[string]struct {
		allowed, hooks []string
		found          string
	}{
		"none":            {nil, nil, ""},
		"allowed":         {[]string{"/usr/bin/nvidia-*"}, []string{"prestart /usr/bin/nvidia-ctk"}, ""},
		"not":             {[]string{"/usr/bin/nvidia-*"}, []string{"createRuntime /opt/x", "prestart /usr/bin/nvidia-ctk"}, "createRuntime /opt/x"},
		"none is allowed": {nil, []string{"poststop /x"}, "poststop /x"},
		"each kind": {
			nil, []string{"prestart /a", "createRuntime /b", "createContainer /c", "startContainer /d", "poststart /e", "poststop /f"},
			"prestart /a, createRuntime /b, createContainer /c, startContainer /d, poststart /e, poststop /f",
		},
		"relative":    {[]string{"**"}, []string{"prestart x", "prestart ../x"}, "prestart x, prestart ../x"},
		"with dots":   {[]string{"/opt/**"}, []string{"prestart /opt/../bin/sh", "prestart /opt//x"}, "prestart /opt/../bin/sh, prestart /opt//x"},
		"folder only": {[]string{"/opt/*"}, []string{"prestart /opt/a/b"}, "prestart /opt/a/b"},
	} {
		t.Run(name, func(t *testing.T) {
			rule := "allowed: [" + strings.Join(tt.allowed, ", ") + "]"
			if len(tt.allowed) > 0 {
				rule = `allowed: ["` + strings.Join(tt.allowed, `", "`) + `"]`
			}
			spec := newSpec(withHooks(tt.hooks...))
			d := decide(t, spec, "hooks: {"+rule+"}")
			var want []string
			if tt.found != "" {
				list := "none"
				if len(tt.allowed) > 0 {
					list = strings.Join(tt.allowed, ", ")
				}
				want = []string{"hooks: hooks " + tt.found + " not allowed (allowed: " + list + ")"}
			}
			if got := findings(d); !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			if strings.Contains(d.Message(), "not-to-be-shown") {
				t.Error("an argument is shown")
			}
			d = decide(t, spec, "hooks: {onViolation: adjust, "+rule+"}")
			for _, k := range hookKinds(d.Spec.Hooks) {
				for _, h := range *k.hooks {
					if strings.Contains(tt.found, k.name+" "+h.Path) {
						t.Errorf("%s %s is left", k.name, h.Path)
					}
				}
			}
			if d.Outcome() == Denied {
				t.Errorf("denied: %s", d.Message())
			}
		})
	}
}

func drawHooks(t *rapid.T, _ Action) []string {
	return some(t, "field", `allowed: ["/opt/*"]`)
}

func drawHooksEdit(t *rapid.T) option {
	return withHooks(some(t, "hooks", "prestart /opt/a", "createRuntime /bin/x", "startContainer rel", "poststop /opt/b", "poststart /opt/../x")...)
}
