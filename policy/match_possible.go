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
		parts, _ := globs.Alternatives(string(g))
		for _, part := range parts {
			if _, a := globs.Find(n.form, [][]string{{part}}, nil); a == globs.None {
				errs = append(errs, strict.Entry(key, i, "%q matches no %s: %s", part, n.what, n.rule))
			}
		}
	}
	return errs
}

// mayShare reports whether there may be a name of the form that the pattern and one of the others cover.
func mayShare(form globs.Names, g Glob, others []Glob) bool {
	if !g.wild() {
		return matchAny(others, string(g))
	}
	_, some := globs.Find(form, groups(others, []Glob{g}), nil)
	return some != globs.None
}

// coverAll reports whether the patterns certainly cover every name of the form that the other one covers.
func coverAll(form globs.Names, patterns []Glob, other Glob) bool {
	if !other.wild() {
		return matchAny(patterns, string(other))
	}
	if !slices.ContainsFunc(patterns, Glob.wild) {
		return false
	}
	_, left := globs.Find(form, [][]string{{string(other)}}, texts(patterns))
	return left == globs.None
}

// every reports whether the patterns cover every name of the form, but for those of none.
func every(form globs.Names, patterns []Glob, none ...string) bool {
	if len(patterns) == 0 {
		return true
	}
	_, others := globs.Find(form, nil, append(texts(patterns), none...))
	return others == globs.None
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
	out = append(out, containerNames().needless("excludeContainers", m.ExcludeContainers, m.Containers)...)
	out = append(out, namespaceNames().excluded("namespaces", m.Namespaces, m.ExcludeNamespaces)...)
	out = append(out, containerNames().excluded("containers", m.Containers, m.ExcludeContainers)...)
	if m.PodSelector != nil && m.ExcludePodSelector != nil && !possibleTogether(m.PodSelector, m.ExcludePodSelector) {
		out = append(out, strict.Field("excludePodSelector", "excludes nothing: podSelector selects no such pod"))
	}
	return append(out, m.doubtImages()...)
}

// doubtImages tells of patterns of images that do not change what matches, and of those that match
// one spelling of a name only.
func (m *Match) doubtImages() []error {
	var out []error
	for i, p := range m.Images {
		if written, plain := p.misspelt(); written != "" {
			out = append(out, strict.Entry("images", i, "%q matches only an image that is named so (write %q, which covers every spelling of the "+
				"registry's name)", written, plain))
		}
		if by := coveredBy(m.ExcludeImages, p); by >= 0 {
			out = append(out, strict.Entry("images", i, "%q matches nothing: excludeImages has %q", p, m.ExcludeImages[by]))
		}
	}
	for i, e := range m.ExcludeImages {
		if len(m.Images) > 0 && !anyShare([]string{string(e)}, texts(m.Images), imageStart) {
			out = append(out, strict.Entry("excludeImages", i, "%q excludes nothing: images covers no such name", e))
		}
	}
	return out
}

// excluded tells of patterns of which others exclude all.
func (n named) excluded(key string, patterns, by []Glob) []error {
	var out []error
	for i, g := range patterns {
		if len(by) == 0 || len(patterns) == 1 {
			break // an error, if it is all
		}
		if coverAll(n.form, by, g) {
			out = append(out, strict.Entry(key, i, "%q matches nothing: all such names are excluded", g))
		}
	}
	return out
}

// everything reports whether the match is for every container, whatever it says.
func (m *Match) everything() bool {
	excludes := len(m.ExcludeNamespaces)+len(m.ExcludeContainers)+len(m.ExcludeImages) > 0 || m.ExcludePodSelector != nil
	return !excludes && m.PodSelector == nil && len(m.MatchConditions) == 0 &&
		every(globs.DNSLabels(), m.Namespaces, protectedNamespace) && every(globs.DNSLabels(), m.Containers) &&
		every(globs.OptionalDNSLabels(), m.RuntimeHandlers) &&
		(len(m.Images) == 0 || slices.ContainsFunc(m.Images, ImagePattern.coversEvery))
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
