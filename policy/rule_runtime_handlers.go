package policy

import (
	"errors"
	"strconv"
	"strings"

	"github.com/specguard/specguard/internal/globs"
	"github.com/specguard/specguard/internal/strict"
)

// RuntimeHandlers requires a runtime handler, such as one whose runtime runs each container in
// a sandbox or a virtual machine (gVisor, Kata Containers).
//
// Reads: the pod's runtime handler, in Kubernetes that of its RuntimeClass
// (RunPodSandboxRequest.runtime_handler in CRI).
// Adjusts: nothing. The pod's sandbox already runs.
// Source: https://kubernetes.io/docs/concepts/containers/runtime-class.
// Example: {allowed: [gvisor, "kata-*"]}
type RuntimeHandlers struct {
	Base      `yaml:",inline"`
	checkOnly `yaml:"-"`

	// Allowed lists patterns of handlers that pods may have. It is required. "" is the default
	// handler. * matches all handlers, ?* all except the default.
	Allowed []Glob `yaml:"allowed"`
}

// Validate requires handlers.
func (r *RuntimeHandlers) Validate() error {
	if len(r.Allowed) == 0 && r.Action() != Ignore {
		return strict.Field("allowed", "is missing or empty")
	}
	if errs := handlerNames().never("allowed", r.Allowed); len(errs) > 0 {
		return errors.Join(errs...)
	}
	if _, others := globs.Find(globs.OptionalDNSLabels(), nil, texts(r.Allowed)); others == globs.None && r.Action() != Ignore {
		return strict.Field("allowed", "covers every handler: %s", checksNothing)
	}
	return nil
}

// Check finds a handler that is not allowed.
func (r *RuntimeHandlers) Check(s *Subject) []Finding {
	handler := s.Pod.RuntimeHandler
	if matchAny(r.Allowed, handler) {
		return nil
	}
	found := "runtime handler " + handler + " not allowed"
	if handler == "" {
		found = "the default runtime handler is not allowed"
	}
	return []Finding{{Found: found, Allowed: handlers(r.Allowed), Fix: "set spec.runtimeClassName to a RuntimeClass with an allowed handler"}}
}

// handlers joins the patterns for a message; the default handler has no name.
func handlers(allowed []Glob) string {
	names := make([]string, len(allowed))
	for i, a := range allowed {
		if names[i] = string(a); a == "" {
			names[i] = strconv.Quote("")
		}
	}
	return strings.Join(names, ", ")
}
