package policy

import (
	"path"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/strict"
)

// Hooks bounds the OCI hooks that a container comes with: programs that the
// OCI runtime starts, most of them as root on the host. No pod can ask for one;
// other NRI plugins, CDI devices and a runtime's base spec bring them.
//
// A path is one of the host, except that of a startContainer hook, which is one
// of the container's own files. What an OCI runtime adds by itself, or a wrapper
// around it, is in no spec and not judged. Specguard's own seal is a hook too.
// It is neither judged nor removed.
//
// Reads: hooks (OCI runtime spec, config.md, "POSIX-platform Hooks"), of every
// kind. Arguments are not read and not shown.
// Adjusts: removes the hooks. What they would have set up is missing then.
// Source: OCI runtime spec, config.md, "POSIX-platform Hooks"; runtime.md,
// "Lifecycle".
// Example: {allowed: [/usr/bin/nvidia-ctk]}
type Hooks struct {
	Base `yaml:",inline"`

	// Allowed lists patterns of the paths of programs that may be hooks. A path
	// that is relative, or has ".." in it, is never allowed. Links are not
	// followed.
	// Default: none.
	Allowed []Glob `yaml:"allowed"`
}

// Validate wants patterns that can match.
func (h *Hooks) Validate() error {
	for _, g := range h.Allowed {
		p := string(g)
		if path.Clean(p) != p || !path.IsAbs(p) && !strings.HasPrefix(p, "{") && !strings.HasPrefix(p, "**") {
			return strict.Field("allowed", "%q is no absolute path (allowed: such as /usr/bin/nvidia-ctk, /opt/hooks/*)", g)
		}
	}
	return nil
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
	return []Finding{{Found: "hooks " + few(found) + " not allowed", Allowed: listOrNone(h.Allowed)}}
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
