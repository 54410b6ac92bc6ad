package cli

import (
	"fmt"
	"strings"

	"github.com/specguard/specguard/policy"
)

// elsewhere is a policy that is for other namespaces.
type elsewhere struct {
	Policy     string        `json:"policy"`
	Namespaces []policy.Glob `json:"namespaces,omitempty"` // none for all
	Except     []policy.Glob `json:"except,omitempty"`
}

func (e elsewhere) String() string {
	text := "every namespace"
	if len(e.Namespaces) > 0 {
		text = "namespace " + list(e.Namespaces, "or")
	}
	if len(e.Except) > 0 {
		text += " but " + list(e.Except, "and")
	}
	return fmt.Sprintf("policy %s covers %s", e.Policy, text)
}

// list lists names with a word before the last.
func list[T ~string](names []T, last string) string {
	var b strings.Builder
	for i, name := range names {
		switch {
		case i > 0 && i == len(names)-1:
			b.WriteString(" " + last + " ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(string(name))
	}
	return b.String()
}

// elsewhereOf lists the policies that would match the container in another namespace.
func elsewhereOf(set *policy.Set, sub *policy.Subject) []elsewhere {
	var out []elsewhere
	for _, e := range set.Elsewhere(sub) {
		out = append(out, elsewhere{e.Policy, e.Namespaces, e.Excluded})
	}
	return out
}
