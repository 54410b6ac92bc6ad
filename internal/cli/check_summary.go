package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// skip is a file or an object that was not judged.
type skip struct {
	file         string
	line, column int    // of the object
	kind, name   string // of the object; "" for a file
	reason       string
}

// text says what is skipped, after the file's name.
func (s skip) text() string {
	if s.kind != "" {
		return s.kind + "/" + s.name + ": " + s.reason
	}
	return s.reason
}

// skipped counts what was not judged.
type skipped struct {
	files   map[string]int            // by the reason
	objects map[string]map[string]int // by the reason and the kind
}

func (n *skipped) any() bool { return len(n.files)+len(n.objects) > 0 }

func (n *skipped) add(s skip) {
	if n.files == nil {
		n.files, n.objects = make(map[string]int), make(map[string]map[string]int)
	}
	if s.kind == "" {
		n.files[s.reason]++
		return
	}
	if n.objects[s.reason] == nil {
		n.objects[s.reason] = make(map[string]int)
	}
	n.objects[s.reason][s.kind]++
}

// lines are what the summary says of them.
func (n *skipped) lines() []string {
	var out []string
	for _, reason := range slices.Sorted(maps.Keys(n.files)) {
		out = append(out, fmt.Sprintf("skipped %s: %s", count(n.files[reason], "file"), reason))
	}
	for _, reason := range slices.Sorted(maps.Keys(n.objects)) {
		all, kinds := 0, n.objects[reason]
		var named []string
		for _, kind := range slices.SortedFunc(maps.Keys(kinds), func(a, b string) int {
			return cmp.Or(cmp.Compare(kinds[b], kinds[a]), cmp.Compare(a, b))
		}) {
			all += kinds[kind]
			named = append(named, fmt.Sprintf("%d %s", kinds[kind], kind))
		}
		out = append(out, fmt.Sprintf("skipped %s (%s): %s", count(all, "object"), strings.Join(named, ", "), reason))
	}
	return out
}

// sumCheck prints a summary: beside the decisions, or to standard error if they are for programs.
func (c *checker) sumCheck(objects int, n *skipped) error {
	p := c.print
	if c.json != nil || c.collected != nil {
		if !n.any() || c.format != nil && c.format.summary {
			return nil // programs can count themselves
		}
		p = &printer{w: c.cmd.ErrOrStderr()}
	}
	t := &c.tally
	style := green.bold()
	switch {
	case t.failing+t.failed > 0:
		style = red.bold()
	case t.outcomes.adjusted+t.uncovered > 0:
		style = yellow.bold()
	}
	if c.compare != nil {
		style = plain
	}
	p.line(style, "%s", c.sum(objects))
	for _, line := range n.lines() {
		p.line(plain, "  %s", line)
	}
	return p.err
}

// sum is the summary in a line.
func (c *checker) sum(objects int) string {
	t := &c.tally
	if c.compare != nil {
		return t.changes()
	}
	sum := count(t.containers, "container")
	if objects > 0 {
		sum += " of " + count(objects, "object")
	}
	allowed := t.containers - t.outcomes.denied - t.outcomes.adjusted - t.uncovered
	sum += fmt.Sprintf(": %d allowed, %d adjusted, %d denied, %d not judged", allowed, t.outcomes.adjusted, t.outcomes.denied, t.uncovered)
	if t.ifEnforced != t.outcomes {
		sum += "; if policies in mode audit were enforced, " + t.ifEnforced.String()
	}
	if t.failed > 0 {
		sum += "; " + count(t.failed, "error")
	}
	return sum
}
