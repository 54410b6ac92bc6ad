package output

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/specguard/specguard/internal/oneline"
)

// GitHub writes the report as annotations of GitHub Actions (workflow commands), and the summary as
// text. GitHub shows ten errors, ten warnings and ten notices of a step; the log has all.
func GitHub(w io.Writer, r *Report) error {
	b := bufio.NewWriter(w)
	for i := range r.Containers {
		c := &r.Containers[i]
		for _, f := range c.Findings {
			if f.Excuse == "" {
				annotate(b, f.Level, f.Place, c.Name, f.Text)
			}
		}
	}
	for _, e := range r.Errors {
		annotate(b, Error, e.Place, "not judged", e.Text)
	}
	for _, line := range r.Summary {
		fmt.Fprintln(b, plainLine(line))
	}
	return b.Flush()
}

func annotate(w io.Writer, level Level, p Place, title, text string) {
	command := [...]string{"notice", "warning", "error"}[level]
	var properties []string
	if p.File != "" {
		properties = append(properties, "file="+escapeProperty(p.relative()), fmt.Sprintf("line=%d", max(p.Line, 1)))
		if p.Column > 0 {
			properties = append(properties, fmt.Sprintf("col=%d", p.Column))
		}
	}
	properties = append(properties, "title="+escapeProperty(title))
	fmt.Fprintf(w, "::%s %s::%s\n", command, strings.Join(properties, ","), escapeData(title+": "+text))
}

// escapeData and escapeProperty are the runner's rules (actions/toolkit, command.ts).
func escapeData(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

func escapeProperty(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(text)
}

// plainLine is a line that the runner does not take for a command.
func plainLine(text string) string {
	text = strings.ReplaceAll(oneline.Of(text), "##[", "## [")
	if strings.HasPrefix(strings.TrimSpace(text), "::") {
		return "- " + text
	}
	return text
}
