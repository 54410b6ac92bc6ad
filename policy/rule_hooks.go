package policy

import (
	"path"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/strict"
)

// Hooks limits the OCI hooks of a container: programs that the OCI runtime starts, most of them
// as root on the host. No pod can ask for one. Other NRI plugins, CDI devices and a runtime's
// base spec add them.
//
// Hooks are programs on the host, except startContainer hooks, which are programs in the
// container. Hooks that an OCI runtime or a wrapper around it adds are not in the spec, so the
// rule does not judge them. The seal of specguard is a hook too. The rule neither judges nor
// removes it.
//
// Reads: hooks (OCI runtime spec, config.md, "POSIX-platform Hooks"), of every kind. It does
// not read or show their arguments.
// Adjusts: removes the hooks. The container then lacks what they would have set up.
// Source: OCI runtime spec, config.md, "POSIX-platform Hooks"; runtime.md, "Lifecycle".
// Example: {allowed: [/usr/bin/nvidia-ctk]}
type Hooks struct {
	Base `yaml:",inline"`

	// Allowed lists patterns of the paths of programs that may be hooks. A path that is
	// relative or contains ".." is never allowed. Links are not followed.
	// Default: none.
	Allowed []Glob `yaml:"allowed"`
}

// Validate requires patterns that can match.
func (h *Hooks) Validate() error {
	for _, g := range h.Allowed {
		if part, wrong := notPaths(g); wrong {
			return strict.Field("allowed", "%q is not an absolute path (allowed: a path such as /usr/bin/nvidia-ctk, /opt/hooks/*)", part)
		}
	}
	return nil
}

// Warnings tells of a pattern that covers every program, or fewer than it seems to.
func (h *Hooks) Warnings() []error {
	var out []error
	for i, g := range h.Allowed {
		if onlyStars(g, "") && g.Match("/a/b/c") {
			out = append(out, strict.Entry("allowed", i, "%q allows every program of the host", g))
		}
		if doubt := doubtFolders(string(g)); doubt != nil {
			out = append(out, strict.Entry("allowed", i, "%s", doubt))
		}
	}
	return out
}

// Check finds hooks that are not allowed.
func (h *Hooks) Check(s *Subject) []Finding {
	var found []string
	for _, k := range hookKinds(s.Spec.Hooks) {
		for _, hook := range *k.hooks {
			if !h.allows(hook.Path) {
				found = append(found, k.name+" "+hook.Path)
			}
		}
	}
	if len(found) == 0 {
		return nil
	}
	return []Finding{listing("hooks ", found, " not allowed").with(listOrNone(h.Allowed), "")}
}

// Adjust removes them.
func (h *Hooks) Adjust(s *Subject) []string {
	var done []string
	for _, k := range hookKinds(s.Spec.Hooks) {
		var left []specs.Hook
		for _, hook := range *k.hooks {
			if h.allows(hook.Path) {
				left = append(left, hook)
				continue
			}
			done = append(done, "removed hook "+k.name+" "+hook.Path)
		}
		*k.hooks = left
	}
	return done
}

func (h *Hooks) allows(p string) bool {
	return path.IsAbs(p) && path.Clean(p) == p && matchAny(h.Allowed, p)
}

// hookKind are the hooks of one kind.
type hookKind struct {
	name  string
	hooks *[]specs.Hook
}

func hookKinds(h *specs.Hooks) []hookKind {
	if h == nil {
		return nil
	}
	return []hookKind{
		{"prestart", &h.Prestart}, //nolint:staticcheck // deprecated, and run all the same
		{"createRuntime", &h.CreateRuntime},
		{"createContainer", &h.CreateContainer},
		{"startContainer", &h.StartContainer},
		{"poststart", &h.Poststart},
		{"poststop", &h.Poststop},
	}
}
