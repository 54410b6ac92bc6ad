// Package seal makes and breaks the seal that keeps a container from running
// until its full OCI spec has been judged.
//
// A seal is an OCI hook: a runtime must not start a container whose
// createRuntime or createContainer hook fails (OCI runtime spec, runtime.md,
// "Lifecycle"). There are two of them. One cannot succeed: its path lies below
// /proc, where nobody can make a file, so it never exists. The path carries the
// reason in words, since runtimes print the path of a hook that they cannot run.
// It stands in both lists, because not every runtime runs both: gVisor runs
// createRuntime hooks alone, Kata's runtime-rs createContainer hooks alone. The
// other is a program that asks the agent (Verifier).
package seal

import (
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/opencontainers/runtime-spec/specs-go"
)

const (
	// folder is where seals seem to lie: nobody can make a file in /proc.
	folder = "/proc/"

	// Prefix begins every reason, and so tells a seal from other hooks.
	Prefix = "specguard: "

	// Pending is the reason of a seal that nobody has judged yet.
	Pending = Prefix + "not judged: the agent stopped, or could not read and write the full spec in time (see its log)"

	// Annotation tells on the container's spec what was decided: Sealed, Verify,
	// allowed, adjusted or denied. It informs; nothing trusts it.
	Annotation = "specguard.dev/decision"

	// Sealed is the annotation's value while the container is not judged.
	Sealed = "sealed"

	// Verify is its value where the seal is the hook that decides (Verifier).
	Verify = "verify"
)

// maxReason bounds a reason, in bytes: with a path longer than PATH_MAX (4096)
// runtimes would complain of that instead.
const maxReason = 2048

// Path is the path of the hook that seals with the reason, which is given
// Prefix where it lacks it.
func Path(reason string) string {
	if !strings.HasPrefix(reason, Prefix) {
		reason = Prefix + reason
	}
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, reason)
	// Others have written parts of a reason (the path of a mount): it must not
	// climb out of the folder, not even where a runtime cleans the path before
	// it runs it.
	clean = strings.ReplaceAll(clean, "/..", "/ ..")
	if len(clean) > maxReason {
		clean = strings.ToValidUTF8(clean[:maxReason], "") + "..."
	}
	return folder + clean
}

// Is reports whether the path of a hook is a seal's.
func Is(path string) bool { return strings.HasPrefix(path, folder+Prefix) }

// verify is what the program of a verifying seal is called with.
func verify() []string { return []string{"specguard-runtime", "hook"} }

// Closed are the hooks of the seal that cannot be passed.
func Closed(reason string) *specs.Hooks {
	h := []specs.Hook{{Path: Path(reason)}}
	return &specs.Hooks{CreateRuntime: h, CreateContainer: slices.Clone(h)}
}

// Verifier is the seal that can be passed: the program, specguard-runtime on the
// host, asks the agent about the final spec. It is a createRuntime hook and no
// createContainer hook: those run in the container's namespaces, and in a user
// namespace root is not the host's, so that the agent would not answer.
func Verifier(program string) specs.Hook { return specs.Hook{Path: program, Args: verify()} }

// IsHook reports whether the hook is a seal of either form, wherever the program of
// a verifying one lies.
func IsHook(h specs.Hook) bool {
	return Is(h.Path) || path.Base(h.Path) == verify()[0] && slices.Equal(h.Args, verify())
}

// Reason is the reason that the path of a seal carries.
func Reason(path string) string { return strings.TrimPrefix(path, folder) }

// Apply seals the spec with the reason, in place of all hooks that it has: the
// runtime would run some of them before it comes to the seal, on the host, for
// a container that must not run.
func Apply(spec *specs.Spec, reason string) {
	spec.Hooks = Closed(reason)
}

// On reports whether a seal is on the spec, whole or in part: no runtime that runs
// the hook starts the container.
func On(spec *specs.Spec) bool {
	return spec.Hooks != nil &&
		(slices.ContainsFunc(spec.Hooks.CreateRuntime, IsHook) || slices.ContainsFunc(spec.Hooks.CreateContainer, IsHook))
}

// Guard leaves a seal that can be passed on a spec that was judged, before all
// other hooks of its kind: it looks at what is mounted, which they may add to.
func Guard(spec *specs.Spec, verifier specs.Hook) {
	if spec.Hooks == nil {
		spec.Hooks = &specs.Hooks{}
	}
	spec.Hooks.CreateRuntime = slices.Insert(spec.Hooks.CreateRuntime, 0, verifier)
}

// Remove takes every seal off the spec and reports whether there was one. A
// hooks object that held nothing else goes as well.
func Remove(spec *specs.Spec) bool {
	if !On(spec) {
		return false
	}
	spec.Hooks.CreateRuntime = slices.DeleteFunc(spec.Hooks.CreateRuntime, IsHook)
	spec.Hooks.CreateContainer = slices.DeleteFunc(spec.Hooks.CreateContainer, IsHook)
	if empty(spec.Hooks) {
		spec.Hooks = nil
	}
	return true
}

func empty(h *specs.Hooks) bool {
	return len(h.CreateRuntime)+len(h.CreateContainer)+len(h.StartContainer)+len(h.Poststart)+len(h.Poststop)+
		len(h.Prestart) == 0 //nolint:staticcheck // deprecated, and still run by the runtimes
}

// Annotate writes the decision into the spec's annotations, over anything that
// stands there.
func Annotate(spec *specs.Spec, decision string) {
	if spec.Annotations == nil {
		spec.Annotations = make(map[string]string)
	}
	spec.Annotations[Annotation] = decision
}
