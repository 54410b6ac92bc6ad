package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// The words of the Kubernetes API that have a meaning here. "" is one that is
// not given.
type (
	profileType       string
	procMount         string
	mountPropagation  string
	recursiveReadOnly string
)

const (
	runtimeDefault profileType = "RuntimeDefault"
	localhost      profileType = "Localhost"
	unconfined     profileType = "Unconfined"

	unmasked procMount = "Unmasked"

	hostToContainer mountPropagation = "HostToContainer"
	bidirectional   mountPropagation = "Bidirectional"

	rroEnabled    recursiveReadOnly = "Enabled"
	rroIfPossible recursiveReadOnly = "IfPossible"
)

// UnmarshalText reads a profile's type.
func (t *profileType) UnmarshalText(text []byte) error {
	return oneOf(t, text, runtimeDefault, localhost, unconfined)
}

// UnmarshalText reads how /proc is mounted.
func (m *procMount) UnmarshalText(text []byte) error { return oneOf(m, text, "Default", unmasked) }

// UnmarshalText reads a mount propagation.
func (p *mountPropagation) UnmarshalText(text []byte) error {
	return oneOf(p, text, "None", hostToContainer, bidirectional)
}

// UnmarshalText reads how far read-only reaches.
func (r *recursiveReadOnly) UnmarshalText(text []byte) error {
	return oneOf(r, text, "Disabled", rroIfPossible, rroEnabled)
}

func oneOf[T ~string](out *T, text []byte, allowed ...T) error {
	if !slices.Contains(allowed, T(text)) {
		names := make([]string, len(allowed))
		for i, a := range allowed {
			names[i] = string(a)
		}
		return fmt.Errorf("must be one of %s", strings.Join(names, ", "))
	}
	*out = T(text)
	return nil
}
