package policy

import (
	"errors"
	"slices"

	"github.com/specguard/specguard/internal/globs"
	"github.com/specguard/specguard/internal/strict"
)

// named is a kind of thing whose names have a form.
type named struct {
	what, rule string
	form       globs.Names
}

const dnsLabel = "DNS labels (at most 63 of a-z, 0-9 and '-', starting and ending with a letter or digit)"

func namespaceNames() named {
	return named{"namespace", "names of namespaces are " + dnsLabel, globs.DNSLabels()}
}

func containerNames() named {
	return named{"container", "names of containers are " + dnsLabel, globs.DNSLabels()}
}

func handlerNames() named {
	return named{"runtime handler", `names of runtime handlers are "" or ` + dnsLabel, globs.OptionalDNSLabels()}
}

// never finds patterns that match no name of the form, whatever there is.
func (n named) never(key string, patterns []Glob) []error {
	var errs []error
	for i, g := range patterns {
		if _, a := globs.Find(n.form, [][]string{{string(g)}}, nil); a == globs.None {
			errs = append(errs, strict.Entry(key, i, "%q matches no %s: %s", g, n.what, n.rule))
		}
	}
	return errs
}

// possible returns an error for each pattern that can never match, and for exclusions that leave
// nothing. What cannot be decided is taken to be possible.
func (m *Match) possible() error {
	ns, containers := namespaceNames(), containerNames()
	errs := slices.Concat(
		ns.never("namespaces", m.Namespaces),
		ns.never("excludeNamespaces", m.ExcludeNamespaces),
		containers.never("containers", m.Containers),
		containers.never("excludeContainers", m.ExcludeContainers),
		handlerNames().never("runtimeHandlers", m.RuntimeHandlers),
	)
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	for i, g := range m.Namespaces {
		if _, a := globs.Find(ns.form, [][]string{{string(g)}}, []string{protectedNamespace}); a == globs.None && g != protectedNamespace {
			return strict.Entry("namespaces", i, "%q matches nothing: only its full name matches %s", g, protectedNamespace)
		}
	}
	if _, a := globs.Find(ns.form, groups(m.Namespaces), m.otherNamespaces()); a == globs.None {
		return strict.Field("excludeNamespaces", "leaves no namespace to match")
	}
	if _, a := globs.Find(containers.form, groups(m.Containers), texts(m.ExcludeContainers)); a == globs.None {
		return strict.Field("excludeContainers", "leaves no container to match")
	}
	if m.ExcludePodSelector != nil && !leavesPods(m.PodSelector, m.ExcludePodSelector) {
		return strict.Field("excludePodSelector", "leaves no pod to match")
	}
	return nil
}

// groups are the patterns as globs.Find takes them: without any, every name is one.
func groups(lists ...[]Glob) [][]string {
	var out [][]string
	for _, l := range lists {
		if len(l) > 0 {
			out = append(out, texts(l))
		}
	}
	return out
}

// otherNamespaces are the patterns of those that it does not cover.
func (m *Match) otherNamespaces() []string {
	out := texts(m.ExcludeNamespaces)
	if !slices.Contains(m.Namespaces, protectedNamespace) {
		out = append(out, protectedNamespace)
	}
	return out
}

// Warnings tells of patterns that look as if they matched kube-system, and of exclusions that
// exclude nothing.
func (m *Match) Warnings() []error {
	var out []error
	for i, g := range m.Namespaces {
		if g.Match(protectedNamespace) && !isEverything(g) && !slices.Contains(m.Namespaces, protectedNamespace) {
			out = append(out, strict.Entry("namespaces", i, "%q does not match %[2]s, which only its full name matches: add %[2]s if it is meant",
				g, protectedNamespace))
		}
	}
	out = append(out, namespaceNames().needless("excludeNamespaces", m.ExcludeNamespaces, m.Namespaces)...)
	return append(out, containerNames().needless("excludeContainers", m.ExcludeContainers, m.Containers)...)
}

// needless tells of patterns that exclude nothing of what other patterns cover. That kube-system
// is excluded can be said anywhere.
func (n named) needless(key string, excluded, from []Glob) []error {
	var out []error
	for i, g := range excluded {
		if len(from) == 0 || g == protectedNamespace {
			continue
		}
		if _, a := globs.Find(n.form, groups(from, []Glob{g}), nil); a == globs.None {
			out = append(out, strict.Entry(key, i, "%q excludes nothing: the match covers no such %s", g, n.what))
		}
	}
	return out
}

// isEverything reports whether the pattern matches every name without a slash.
func isEverything(g Glob) bool { return g == "*" || g == "**" }
