package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// part is what one part of a match says.
type part struct {
	answer answer
	why    string // not, or on what it depends
}

// stands reports whether the match is for the containers, and why not, or on what it depends.
func (m *Match) stands(q *Question, exception bool) (answer, []string) {
	parts := slices.Concat([]part{m.standsNamespace(q)}, m.standsPod(q), m.standsContainer(q), m.standsImage(q, exception),
		m.standsConditions(q))
	a := yes
	for _, p := range parts {
		switch p.answer {
		case no:
			a = no
		case unknown:
			if a == yes {
				a = unknown
			}
		}
	}
	var why []string
	for _, p := range parts {
		if p.answer != yes && p.answer == a {
			why = append(why, p.why)
		}
	}
	return a, why
}

func (m *Match) standsNamespace(q *Question) part {
	switch {
	case m.namespace(q.Namespace):
		return part{answer: yes}
	case matchAny(m.ExcludeNamespaces, q.Namespace):
		return part{no, "excludeNamespaces " + inBrackets(m.ExcludeNamespaces) + " has the namespace"}
	case len(m.Namespaces) == 0 || matchAny(m.Namespaces, q.Namespace):
		return part{no, "only the full name in namespaces matches " + protectedNamespace}
	default:
		return part{no, "namespaces " + inBrackets(m.Namespaces) + " does not have the namespace"}
	}
}

func (m *Match) standsPod(q *Question) []part {
	sub := q.subject()
	var out []part
	ask := func(given bool, what string, matches func() bool, why string) {
		switch {
		case !given:
			out = append(out, part{unknown, what})
		case !matches():
			out = append(out, part{no, why})
		}
	}
	if len(m.RuntimeHandlers) > 0 {
		list := inBrackets(m.RuntimeHandlers)
		ask(!q.HandlerUnseen, "the pod's runtime handler is one of runtimeHandlers "+list,
			func() bool { return matchAny(m.RuntimeHandlers, q.RuntimeHandler) }, "runtimeHandlers "+list+" does not have the handler")
	}
	if l := m.PodSelector; l != nil {
		ask(!q.LabelsUnseen, "podSelector "+writtenLine(l)+" matches the pod's labels",
			func() bool { return l.matches(&sub.Pod) }, "podSelector "+writtenLine(l)+" does not match the labels")
	}
	if l := m.ExcludePodSelector; l != nil {
		ask(!q.LabelsUnseen, "excludePodSelector "+writtenLine(l)+" does not match the pod's labels",
			func() bool { return !l.matches(&sub.Pod) }, "excludePodSelector "+writtenLine(l)+" matches the labels")
	}
	return out
}

func (m *Match) standsContainer(q *Question) []part {
	switch {
	case len(m.Containers)+len(m.ExcludeContainers) == 0:
		return nil
	case q.Container == "":
		return []part{{unknown, "the container's name is " + m.namesWanted()}}
	case m.named(q.Container):
		return nil
	default:
		return []part{{no, "the container's name is not " + m.namesWanted()}}
	}
}

func (m *Match) namesWanted() string {
	var out []string
	if len(m.Containers) > 0 {
		out = append(out, "in containers "+inBrackets(m.Containers))
	}
	if len(m.ExcludeContainers) > 0 {
		out = append(out, "outside excludeContainers "+inBrackets(m.ExcludeContainers))
	}
	return strings.Join(out, " and ")
}

func (m *Match) standsImage(q *Question, exception bool) []part {
	if len(m.Images)+len(m.ExcludeImages) == 0 {
		return nil
	}
	var wanted []string
	if len(m.Images) > 0 {
		wanted = append(wanted, "in images "+inBrackets(m.Images))
	}
	if len(m.ExcludeImages) > 0 {
		wanted = append(wanted, "outside excludeImages "+inBrackets(m.ExcludeImages))
	}
	text := strings.Join(wanted, " and ")
	sub := q.subject()
	switch {
	case q.Image == "":
		return []part{{unknown, "the image is " + text}}
	case m.image(&sub.Container) == no || exception && matchAnyName(m.ExcludeImages, q.Image):
		return []part{{no, "the image is not " + text}}
	default:
		return nil
	}
}

// standsConditions asks the conditions that read only what is known.
func (m *Match) standsConditions(q *Question) []part {
	var out []part
	for _, c := range m.MatchConditions {
		a := unknown
		if q.tells(c.Expression.text) {
			a, _ = c.Expression.ask(m.env.variables(q.subject()))
		}
		switch a {
		case no:
			out = append(out, part{no, fmt.Sprintf("matchConditions: %s is false", c.Name)})
		case unknown:
			out = append(out, part{unknown, fmt.Sprintf("matchConditions: %s is true: %s", c.Name, c.Expression)})
		}
	}
	return out
}

// tells reports whether all is known that the expression reads.
func (q *Question) tells(expression string) bool {
	known := []string{"pod.namespace"}
	for name, ok := range map[string]bool{
		"pod.labels": !q.LabelsUnseen, "pod.runtimeHandler": !q.HandlerUnseen, "container.name": q.Container != "",
		"container.image": q.Image != "", "container.images": q.Image != "",
	} {
		if ok {
			known = append(known, name)
		}
	}
	for _, read := range regexp.MustCompile(`\b(pod|container)\b(\s*\.\s*\w+)?`).FindAllString(expression, -1) {
		if !slices.Contains(known, strings.Join(strings.Fields(strings.ReplaceAll(read, ".", " ")), ".")) {
			return false
		}
	}
	return true
}

func inBrackets[T ~string](patterns []T) string {
	out := make([]string, len(patterns))
	for i, p := range patterns {
		if out[i] = string(p); p == "" {
			out[i] = `""`
		}
	}
	return "[" + strings.Join(out, ", ") + "]"
}
