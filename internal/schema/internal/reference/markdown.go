package reference

import (
	"fmt"
	"go/doc/comment"
	"reflect"
	"regexp"
	"strings"

	"github.com/specguard/specguard/internal/schema"
)

// markdown writes a Go comment on the type in Markdown.
func markdown(text string, t reflect.Type) string {
	var parser comment.Parser
	var printer comment.Printer
	out := strings.TrimSpace(string(printer.Markdown(parser.Parse(text))))
	out = regexp.MustCompile(`(\w)\\_`).ReplaceAllString(out, "${1}_")                       // within a word it means nothing
	out = regexp.MustCompile(`\[(https?://[^\]]+)\]\([^)]+\)`).ReplaceAllString(out, "<$1>") // a link to itself
	return schema.Rename(out, t, func(key string) string { return "`" + key + "`" })
}

// table begins a table.
func (w *page) table(columns ...string) {
	w.row(columns...)
	fmt.Fprintf(w, "|%s\n", strings.Repeat(" --- |", len(columns)))
}

// row writes a row of a table; a cell is one line.
func (w *page) row(cells ...string) {
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(strings.Join(strings.Fields(c), " "), "|", `\|`)
	}
	fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
}

// control finds the Pod Security Standards' control in a rule's source.
func control(source string) string {
	m := regexp.MustCompile(`Pod\s+Security\s+Standards,\s+([^;.]+)`).FindStringSubmatch(source)
	if m == nil {
		return ""
	}
	return strings.ReplaceAll(m[1], `"`, "")
}

// width is how long a line of text may be.
const width = 110

// wrap breaks the lines of the text; code, which is indented, stays as it is.
func wrap(text, indent string) string {
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		next := indent
		if strings.HasPrefix(line, "  - ") {
			next = "    "
		}
		for len(line) > width && !strings.HasPrefix(line, "\t") {
			at := strings.LastIndex(line[:width+1], " ")
			if at <= len(next) {
				break
			}
			out, line = append(out, line[:at]), next+line[at+1:]
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}
