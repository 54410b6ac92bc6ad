package policy

import (
	"maps"
	"slices"
)

// listed is what a finding lists, and the words around it. An exception can excuse from a part of the
// list.
type listed struct {
	before, after string
	names         []string
}

// listing is a finding that lists names.
func listing[T ~string](before string, names []T, after string) Finding {
	return Finding{Found: before + few(names) + after, listed: &listed{before, after, texts(names)}}
}

// with adds to a finding what would be allowed, and what to do.
func (f Finding) with(allowed, fix string) Finding {
	f.Allowed, f.Fix = allowed, fix
	return f
}

// split gives a finding for each name of a list; the finding itself if it has none. What to do about
// all is not what to do about one.
func (f Finding) split() []Finding {
	if f.listed == nil {
		return []Finding{f}
	}
	out := make([]Finding, len(f.listed.names))
	for i := range out {
		out[i] = listing(f.listed.before, f.listed.names[i:i+1], f.listed.after).with(f.Allowed, "")
	}
	return out
}

// nameOf is a name of the list by its index; "" without a list.
func (f Finding) nameOf(i int) string {
	if f.listed == nil {
		return ""
	}
	return f.listed.names[i]
}

// listing is the finding with other names in its list.
func (f Finding) listing(names []string) Finding {
	if f.listed == nil || len(names) == len(f.listed.names) {
		return f
	}
	return listing(f.listed.before, names, f.listed.after).with(f.Allowed, "")
}

// eachFound is what the findings say, each name of a list by itself.
func eachFound(findings []Finding) map[string]bool {
	out := make(map[string]bool)
	for _, f := range findings {
		for _, part := range f.split() {
			out[part.Found] = true
		}
	}
	return out
}

// excused are the findings that exceptions which allow more excuse from: what the plain rule finds, and
// the rule that holds does not. Of what is found in a list, each part counts by itself.
func (e *evaluation) excused(b *bound, left []Finding) []Excepted {
	if b.plain == nil {
		return nil
	}
	remains := eachFound(left)
	wider := make([]map[string]bool, len(b.wider)) // what is found with one of the exceptions alone
	var out []Excepted
	for _, f := range e.findings(b.plain) {
		excused := make(map[string][]string) // what in it, by exception
		for i, part := range f.split() {
			if remains[part.Found] {
				continue
			}
			name := b.wider[0].by.Name // if only several together excuse
			for i, x := range b.wider {
				if wider[i] == nil {
					wider[i] = eachFound(e.findings(x.wide))
				}
				if !wider[i][part.Found] {
					name = x.by.Name
					break
				}
			}
			excused[name] = append(excused[name], f.nameOf(i))
		}
		for _, name := range slices.Sorted(maps.Keys(excused)) {
			v := Violation{Policy: b.policy.name, Rule: b.name, Finding: f.listing(excused[name])}
			out = append(out, Excepted{Violation: v, Exception: name})
		}
	}
	return bounded(out)
}

// bounded gives what is excepted as it is reported, like oneLineEach.
func bounded(all []Excepted) []Excepted {
	findings := make([]Finding, len(all))
	for i := range all {
		findings[i] = all[i].Finding
	}
	findings = oneLineEach(findings)
	all = all[:len(findings)]
	for i := range all {
		all[i].Finding = findings[i]
	}
	return all
}
