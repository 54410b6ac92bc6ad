// Package seal makes and removes the seal, which keeps a container from running until its
// complete OCI spec has been judged.
//
// A seal is an OCI hook: a runtime must not start a container whose createRuntime or
// createContainer hook fails (OCI runtime spec, runtime.md, "Lifecycle"). There are two
// kinds. The first always fails: its path is below /proc, where nobody can create a file,
// so it never exists. The path contains the reason in words, because runtimes print the
// path of a hook that they cannot run. It is in both lists, because not every runtime runs
// both: gVisor runs only createRuntime hooks, Kata's runtime-rs only createContainer hooks.
// The second is a program that asks the agent (Verifier).
package seal

import (
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/opencontainers/runtime-spec/specs-go"
)

const (
	// folder is where seals seem to be. Nobody can create a file in /proc.
	folder = "/proc/"

	// Prefix begins every reason. It tells a seal from other hooks.
	Prefix = "specguard: "

	// Pending is the reason of a seal on a container that has not been judged.
	Pending = Prefix + "not judged: the agent stopped, or could not read and write the full spec in time (see its log)"

	// Annotation on the container's spec shows the decision: Sealed, Verify, allowed,
	// adjusted or denied. It is information only; nothing trusts it.
	Annotation = "specguard.dev/decision"

	// Sealed is the annotation's value until the container is judged.
	Sealed = "sealed"

	// Verify is its value if the seal is the hook that decides (Verifier).
	Verify = "verify"
)

// maxReason limits a reason, in bytes. If a path is longer than PATH_MAX (4096), runtimes
// complain about that and do not print it.
const maxReason = 2048

// Path returns the path of the hook that seals with the reason. It adds Prefix if the
// reason lacks it.
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
	// Parts of a reason, such as the path of a mount, are written by others. They must not
	// lead out of the folder, even if a runtime cleans the path before it runs it.
	clean = strings.ReplaceAll(clean, "/..", "/ ..")
	if len(clean) > maxReason {
		clean = strings.ToValidUTF8(clean[:maxReason], "") + "..."
	}
	return folder + clean
}

// Is reports whether the path of a hook is a seal's.
func Is(path string) bool { return strings.HasPrefix(path, folder+Prefix) }

// verify returns the arguments of Verifier's hook.
func verify() []string { return []string{"specguard-runtime", "hook"} }

// Closed returns the hooks of the seal that always fails.
func Closed(reason string) *specs.Hooks {
	h := []specs.Hook{{Path: Path(reason)}}
	return &specs.Hooks{CreateRuntime: h, CreateContainer: slices.Clone(h)}
}

// Verifier returns the seal that can succeed: the program, specguard-runtime on the host,
// asks the agent about the final spec. It is a createRuntime hook because createContainer
// hooks run in the container's namespaces: in a user namespace, root is not the host's
// root, and the agent would not answer.
func Verifier(program string) specs.Hook { return specs.Hook{Path: program, Args: verify()} }

// IsHook reports whether the hook is a seal of either kind, wherever a Verifier's program
// is.
func IsHook(h specs.Hook) bool {
	return Is(h.Path) || path.Base(h.Path) == verify()[0] && slices.Equal(h.Args, verify())
}

// Reason returns the reason in the path of a seal.
func Reason(path string) string { return strings.TrimPrefix(path, folder) }

// Apply seals the spec with the reason. It removes all other hooks: the runtime would run
// some of them, on the host, before it reaches the seal, for a container that must not run.
func Apply(spec *specs.Spec, reason string) {
	spec.Hooks = Closed(reason)
}

// On reports whether the spec has a seal or a part of one: a runtime that runs the hook
// does not start the container.
func On(spec *specs.Spec) bool {
	return spec.Hooks != nil &&
		(slices.ContainsFunc(spec.Hooks.CreateRuntime, IsHook) || slices.ContainsFunc(spec.Hooks.CreateContainer, IsHook))
}

// Guard adds a Verifier to a judged spec, before all other createRuntime hooks. The
// Verifier checks what is mounted, and other hooks may mount more.
func Guard(spec *specs.Spec, verifier specs.Hook) {
	if spec.Hooks == nil {
		spec.Hooks = &specs.Hooks{}
	}
	spec.Hooks.CreateRuntime = slices.Insert(spec.Hooks.CreateRuntime, 0, verifier)
}

// Remove removes every seal from the spec and reports whether there was one. If no hooks
// remain, it removes the hooks object too.
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

// Annotate writes the decision into the spec's annotations, and overwrites what was there.
func Annotate(spec *specs.Spec, decision string) {
	if spec.Annotations == nil {
		spec.Annotations = make(map[string]string)
	}
	spec.Annotations[Annotation] = decision
}
