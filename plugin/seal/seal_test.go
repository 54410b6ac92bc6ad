package seal_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/plugin/seal"
)

const denied = `specguard: denied by policy "tenants": capabilities: NET_ADMIN not allowed (allowed: none)`

func TestPath(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for name, c := range map[string]struct{ reason, want string }{
		"kept in full":          {denied, "/proc/" + denied},
		"prefix where it lacks": {"no", "/proc/specguard: no"},
		"empty":                 {"", "/proc/specguard: "},
		"lines and tabs":        {"a\nb\tc\x00d\x1be\x7ff", "/proc/specguard: a b c d e f"},
		"C1 controls":           {"a\u0085b\u009bc", "/proc/specguard: a b c"},
		"no UTF-8":              {"a\xff\xfeb", "/proc/specguard: a\ufffd\ufffdb"},
		"other scripts":         {"größe 大", "/proc/specguard: größe 大"},
		"long":                  {long, "/proc/specguard: " + long[:2048-len(seal.Prefix)] + "..."},
		"just long enough":      {long[:2048-len(seal.Prefix)], "/proc/specguard: " + long[:2048-len(seal.Prefix)]},
		"cut between runes":     {long[:2047-len(seal.Prefix)] + "äää", "/proc/specguard: " + long[:2047-len(seal.Prefix)] + "..."},
	} {
		t.Run(name, func(t *testing.T) {
			got := seal.Path(c.reason)
			if got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			if !utf8.ValidString(got) || len(got) >= 4096 {
				t.Errorf("%d bytes, valid UTF-8: %v", len(got), utf8.ValidString(got))
			}
			if !seal.Is(got) {
				t.Error("not taken for a seal")
			}
			if want := strings.TrimPrefix(c.want, "/proc/"); seal.Reason(got) != want {
				t.Errorf("reason %q", seal.Reason(got))
			}
		})
	}
}

// TestNothingRuns makes sure that no reason, whoever has written a part of it,
// leads to a program.
func TestNothingRuns(t *testing.T) {
	for _, reason := range []string{
		seal.Pending, denied, "",
		"/../../bin/true", "../../bin/true", "x/../../../../../bin/true", "/bin/true", "..", "/..",
		"self/exe", "/self/root/bin/true", strings.Repeat("../", 700) + "bin/true", "x\n/../../bin/true", "/.\x00./../bin/true",
	} {
		path := seal.Path(reason)
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%q exists", path)
		}
		if err := (&exec.Cmd{Path: path}).Run(); err == nil {
			t.Errorf("%q ran", path)
		}
		if _, err := os.Stat("/bin/true"); err != nil {
			t.Fatal("the test needs a program that would run")
		}
		// A runtime might clean a path by its letters before it runs it.
		if clean := filepath.Clean(path); !seal.Is(clean) {
			t.Errorf("%q cleaned is %q", path, clean)
		}
	}
}

func TestIs(t *testing.T) {
	for path, want := range map[string]bool{
		seal.Path(seal.Pending):           true,
		"/proc/specguard: x":              true,
		"/proc/specguard:x":               false,
		"/proc/specguard":                 false,
		"proc/specguard: x":               false,
		"/usr/bin/nvidia-ctk":             false,
		"/host/proc/specguard: x":         false,
		"/usr/bin/hook specguard: denied": false,
		"":                                false,
	} {
		if got := seal.Is(path); got != want {
			t.Errorf("Is(%q) = %v", path, got)
		}
	}
}

func hooks(paths ...string) []specs.Hook {
	var out []specs.Hook
	for _, p := range paths {
		out = append(out, specs.Hook{Path: p, Args: []string{p, "arg"}})
	}
	return out
}

// TestApplyRemove seals specs with hooks of all kinds: nothing but the seal
// must be left to run. A seal beside them comes off as if it had not been.
func TestApplyRemove(t *testing.T) {
	for name, before := range map[string]func() *specs.Hooks{
		"none": func() *specs.Hooks { return nil },
		"own":  func() *specs.Hooks { return &specs.Hooks{CreateRuntime: hooks("/usr/bin/a", "/proc/self/exe")} },
		"prestart": func() *specs.Hooks {
			return &specs.Hooks{Prestart: hooks("/usr/bin/a")} //nolint:staticcheck // deprecated, and still run
		},
		"createContainer": func() *specs.Hooks { return &specs.Hooks{CreateContainer: hooks("/usr/bin/a")} },
		"startContainer":  func() *specs.Hooks { return &specs.Hooks{StartContainer: hooks("/usr/bin/a")} },
		"poststart":       func() *specs.Hooks { return &specs.Hooks{Poststart: hooks("/usr/bin/a")} },
		"poststop":        func() *specs.Hooks { return &specs.Hooks{Poststop: hooks("/usr/bin/a")} },
		"all": func() *specs.Hooks {
			return &specs.Hooks{
				CreateRuntime: hooks("/a"), CreateContainer: hooks("/b"), StartContainer: hooks("/c"),
				Poststart: hooks("/d"), Poststop: hooks("/e"),
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			spec := &specs.Spec{Hooks: before()}
			seal.Apply(spec, "first")
			seal.Apply(spec, "second")
			second := []specs.Hook{{Path: "/proc/specguard: second"}}
			if want := (&specs.Hooks{CreateRuntime: second, CreateContainer: second}); !reflect.DeepEqual(spec.Hooks, want) {
				t.Errorf("sealed with %+v", spec.Hooks)
			}
			if !seal.Remove(spec) || spec.Hooks != nil {
				t.Errorf("hooks after Remove: %+v", spec.Hooks)
			}
			if spec.Hooks = before(); spec.Hooks == nil {
				spec.Hooks = &specs.Hooks{}
			}
			spec.Hooks.CreateRuntime = append(spec.Hooks.CreateRuntime, hooks(seal.Path("x"))...)
			spec.Hooks.CreateContainer = append(spec.Hooks.CreateContainer, hooks(seal.Path("x"))...)
			if !seal.On(spec) || !seal.Remove(spec) || seal.On(spec) {
				t.Error("Remove found no seal, or left one")
			}
			if !reflect.DeepEqual(normal(spec.Hooks), normal(before())) {
				t.Errorf("after Remove %+v, before %+v", spec.Hooks, before())
			}
			if (spec.Hooks == nil) != (before() == nil) {
				t.Errorf("hooks object after Remove: %v", spec.Hooks)
			}
			if seal.Remove(spec) {
				t.Error("a second Remove found a seal")
			}
		})
	}
}

// normal drops the difference between no list and an empty one, which is none
// in JSON.
func normal(h *specs.Hooks) *specs.Hooks {
	if h == nil {
		return nil
	}
	out := *h
	if len(out.CreateRuntime) == 0 {
		out.CreateRuntime = nil
	}
	if len(out.CreateContainer) == 0 {
		out.CreateContainer = nil
	}
	return &out
}

func TestRemoveLeavesForeign(t *testing.T) {
	for name, h := range map[string]*specs.Hooks{
		"no hooks":          nil,
		"empty":             {},
		"foreign":           {CreateRuntime: hooks("/usr/bin/a")},
		"in another stage":  {StartContainer: hooks(seal.Path("x"))},
		"seal as argument":  {CreateRuntime: []specs.Hook{{Path: "/bin/sh", Args: []string{seal.Path("x")}}}},
		"almost the prefix": {CreateRuntime: hooks("/proc/specguard", "/proc/specguarD: x")},
	} {
		spec := &specs.Spec{Hooks: h}
		var want *specs.Hooks
		if h != nil {
			c := *h
			want = &c
		}
		if seal.Remove(spec) {
			t.Errorf("%s: Remove found a seal", name)
		}
		if !reflect.DeepEqual(spec.Hooks, want) {
			t.Errorf("%s: left %+v of %+v", name, spec.Hooks, want)
		}
	}
}

func TestRemoveEverySeal(t *testing.T) {
	foreign := hooks("/usr/bin/a", "/usr/bin/b")
	sealed := append(append(hooks(seal.Path("x")), foreign...), seal.Verifier("/opt/specguard-runtime"), seal.Closed("y").CreateRuntime[0])
	for name, in := range map[string]func(h *specs.Hooks) *[]specs.Hook{
		"createRuntime":   func(h *specs.Hooks) *[]specs.Hook { return &h.CreateRuntime },
		"createContainer": func(h *specs.Hooks) *[]specs.Hook { return &h.CreateContainer },
	} {
		spec := &specs.Spec{Hooks: &specs.Hooks{}}
		*in(spec.Hooks) = slices.Clone(sealed)
		if !seal.On(spec) || !seal.Remove(spec) || !reflect.DeepEqual(*in(spec.Hooks), foreign) {
			t.Errorf("%s: left %+v", name, spec.Hooks)
		}
	}
}

func TestAnnotate(t *testing.T) {
	spec := &specs.Spec{}
	seal.Annotate(spec, "allowed")
	spec.Annotations["other"] = "kept"
	seal.Annotate(spec, "denied")
	if want := map[string]string{seal.Annotation: "denied", "other": "kept"}; !reflect.DeepEqual(spec.Annotations, want) {
		t.Errorf("annotations %v", spec.Annotations)
	}
}
