package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/specguard/specguard/internal/explain"
	"github.com/specguard/specguard/policy"
)

const explainHelp = `Explain rules, profiles and the fields of policy documents. A NAME is a rule
(capabilities), a field (capabilities.drop, match.images, exception.allow,
policytest.cases), a profile (profile restricted, profile restricted@v1.30), or one
of the words policy, exception, policytest, rules and profile. Without a NAME, explain
lists the rules.

The text is that of docs/rules.md. explain reads no files and asks no cluster.`

func explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain [NAME]",
		Short: "Explain a rule, a profile or a field of policies",
		Long:  explainHelp,
		Example: `  specguard explain                          # all rules, a line each
  specguard explain capabilities             # a rule and its fields
  specguard explain hostPaths.allowed.path   # a field
  specguard explain profile restricted       # the rules of a profile
  specguard explain match                    # what selects containers
  specguard explain exception.allow          # what an exception can allow`,
		Args: cobra.MaximumNArgs(2),
		ValidArgsFunction: func(_ *cobra.Command, args []string, begin string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return policy.Profiles(), cobra.ShellCompDirectiveNoFileComp
			}
			return explain.Names(begin), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, names []string) error {
			if len(names) == 0 {
				names = []string{"rules"}
			}
			sections, err := explain.Of(names...)
			if err != nil {
				return err
			}
			p, err := newPrinter(cmd.OutOrStdout(), "auto")
			if err != nil {
				return err
			}
			printSections(p, sections)
			return p.err
		},
	}
}

// explainWidth is how long the lines of an explanation may be.
const explainWidth = 100

func printSections(p *printer, sections []explain.Section) {
	for i, s := range sections {
		if i > 0 && len(s.Text)+len(sections[i-1].Text) > 0 {
			p.line(plain, "")
		}
		p.line("1", "%s", strings.TrimSpace(s.Title+": "+s.Value))
		column := 0
		for _, l := range s.Text {
			if name, text, ok := strings.Cut(l, "\t"); ok && !strings.Contains(text, "\n") {
				column = max(column, len(name))
			}
		}
		for _, l := range s.Text {
			if s.Code {
				p.line(plain, "    %s", l)
			} else {
				printEntry(p, l, column)
			}
		}
	}
}

// printEntry prints a line of a section: text, or a name and, after a tab, what it means.
func printEntry(p *printer, line string, column int) {
	name, text, ok := strings.Cut(line, "\t")
	if !ok || name == "" { // a line of code begins with a tab
		printWrapped(p, plain, "    ", strings.ReplaceAll(line, "\t", "    "))
		return
	}
	head, more, tall := strings.Cut(text, "\n")
	if tall {
		printWrapped(p, plain, "  ", name+"  "+head)
		if more != "" {
			for l := range strings.SplitSeq(more, "\n") {
				printWrapped(p, faint, "      ", l)
			}
		}
		return
	}
	indent := strings.Repeat(" ", column+4)
	for i, l := range wrapped(text, explainWidth-len(indent)) {
		if i == 0 {
			p.line(plain, "  %-*s  %s", column, name, l)
		} else {
			p.line(plain, "%s%s", indent, l)
		}
	}
}

// printWrapped prints the text in lines that are not too long. A line that is indented keeps its
// form.
func printWrapped(p *printer, s style, indent, text string) {
	if text != strings.TrimLeft(text, " ") {
		p.line(s, "%s%s", indent, text)
		return
	}
	for _, l := range wrapped(text, explainWidth-len(indent)) {
		p.line(s, "%s", strings.TrimRight(indent+l, " "))
	}
}

// wrapped breaks the text between words.
func wrapped(text string, width int) []string {
	var out []string
	for len(text) > width {
		at := strings.LastIndex(text[:width+1], " ")
		if at <= 0 {
			break
		}
		out, text = append(out, text[:at]), text[at+1:]
	}
	return append(out, text)
}
