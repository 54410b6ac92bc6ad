package policy

import (
	"errors"
	"fmt"
	"slices"

	"github.com/specguard/specguard/internal/strict"
)

// NamespaceUsers is a range of user ids for the pods of namespaces, including both ends.
type NamespaceUsers struct {
	// Namespaces lists patterns of pods' namespaces. It is required.
	Namespaces []Glob `yaml:"namespaces"`

	// Min is the first id, which adjusting sets. It cannot be root's. It is required.
	Min uint32 `yaml:"min"`

	// Max is the last id. It is required.
	Max uint32 `yaml:"max"`
}

// JSONSchema says what Validate requires.
func (NamespaceUsers) JSONSchema() map[string]any {
	s := strict.Required("namespaces", "min", "max")
	namespaces := strict.NotEmpty()
	namespaces["items"] = map[string]any{"minLength": 1}
	s["properties"] = map[string]any{
		"namespaces": namespaces,
		"min":        map[string]any{"minimum": 1, "maximum": unchangedID - 1},
		"max":        map[string]any{"minimum": 1, "maximum": unchangedID - 1},
	}
	return s
}

// Validate requires namespaces and a range without root.
func (n *NamespaceUsers) Validate() error {
	switch {
	case len(n.Namespaces) == 0:
		return strict.Field("namespaces", "is missing or empty")
	case slices.Contains(n.Namespaces, ""):
		return strict.Field("namespaces", "has an empty pattern, which never matches")
	case len(namespaceNames().never("namespaces", n.Namespaces)) > 0:
		return errors.Join(namespaceNames().never("namespaces", n.Namespaces)...)
	case effective(n.Min) == 0:
		return strict.Field("min", "must not be %d: that is root", n.Min)
	case n.Max < n.Min:
		return strict.Field("max", "%d is below min, %d", n.Max, n.Min)
	case effective(n.Max) == 0:
		return strict.Field("max", "must not be %d: that is root", n.Max)
	}
	return nil
}

func (r *RunAsNonRoot) validateNamespaceUsers() error {
	switch {
	case r.NamespaceUsers == nil:
		return nil
	case len(r.NamespaceUsers) == 0:
		return strict.Field("namespaceUsers", "is an empty list; leave it out to allow any")
	case r.RunAsUser != nil:
		return strict.Field("namespaceUsers", "contradicts runAsUser: adjusting sets the first id of the namespace's range")
	case r.AllowedUsers != nil:
		return strict.Field("namespaceUsers", "contradicts allowedUsers: each namespace has its own range")
	}
	return nil
}

// usersOf are the user ids that the container may have; none given is any. ok is
// false where the container's namespace has none at all.
func (r *RunAsNonRoot) usersOf(s *Subject) (users []IDRange, ok bool) {
	if r.NamespaceUsers == nil {
		return r.AllowedUsers, true
	}
	own := r.namespaceUsers(s)
	if own == nil {
		return r.AllowedUsers, len(r.AllowedUsers) > 0
	}
	return append([]IDRange{{Min: own.Min, Max: own.Max}}, r.AllowedUsers...), true
}

// namespaceUsers is the entry for the pod's namespace; nil for none, and where the
// namespace is not known.
func (r *RunAsNonRoot) namespaceUsers(s *Subject) *NamespaceUsers {
	for i := range r.NamespaceUsers {
		if s.Pod.Namespace != "" && matchAny(r.NamespaceUsers[i].Namespaces, s.Pod.Namespace) {
			return &r.NamespaceUsers[i]
		}
	}
	return nil
}

// user is the id that adjusting sets; ok is false where the container's namespace
// has none.
func (r *RunAsNonRoot) user(s *Subject) (uid uint32, ok bool) {
	if r.NamespaceUsers == nil {
		return orDefault(r.RunAsUser), true
	}
	if own := r.namespaceUsers(s); own != nil {
		return own.Min, true
	}
	return 0, false
}

// noUsers is about a namespace that has no range.
func (r *RunAsNonRoot) noUsers(s *Subject) Finding {
	var namespaces []Glob
	for _, n := range r.NamespaceUsers {
		namespaces = append(namespaces, n.Namespaces...)
	}
	return Finding{
		Found:   fmt.Sprintf("namespace %q has no range of users in namespaceUsers", s.Pod.Namespace),
		Allowed: few(namespaces),
	}
}
