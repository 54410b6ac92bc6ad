// Package reference writes the reference of the rules, docs/rules.md, from their types and
// comments.
package reference

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/specguard/specguard/internal/schema"
	"github.com/specguard/specguard/policy"
)

const head = `<!-- Made by "make generate" from the comments of the rules. Do not edit. -->

# Rules

Each rule checks one aspect of a container. A [policy](policy.md) lists rules by name under ` + "`rules`" + `. If several
rules adjust a container, they do so in the order of this page. Every rule has the fields ` + "`onViolation`" + ` ([what to
do](policy.md#what-to-do-mode-and-onviolation)): ` + "`reject`" + ` (the default), ` + "`adjust`" + ` if the rule can, ` + "`audit`" + ` or ` + "`ignore`" + `;
and ` + "`on`" + ` ([which spec](policy.md#what-was-asked-for-and-what-will-run-on)):
` + "`result`" + ` (the default) or ` + "`request`" + `.

Rules adjust the complete spec before the OCI runtime reads it. The container runs with the adjusted spec, and so does
each process that exec starts in it later. A rule decides *at creation* (in Kubernetes a denial shows as
` + "`CreateContainerError`" + `) or, if it needs the complete spec, *before the start* (` + "`RunContainerError`" + `).
[fields.md](fields.md) lists the fields of a spec with the rules that judge each field.

`

// Rules returns the page.
func Rules(c schema.Comments) ([]byte, error) {
	w := &page{comments: c, values: make(map[string]reflect.Type)}
	fmt.Fprint(w, head)
	w.index()
	for _, k := range policy.RuleKinds() {
		w.rule(k)
	}
	w.kinds()
	if err := w.profiles(); err != nil {
		return nil, err
	}
	return []byte(w.String()), nil
}

// Table returns a short table of the rules.
func Table(c schema.Comments) string {
	w := &page{comments: c}
	w.table("rule", "")
	for _, k := range policy.RuleKinds() {
		w.row(fmt.Sprintf("[`%s`](rules.md#%s)", k.Name, strings.ToLower(k.Name)), w.summary(k))
	}
	return w.String()
}

// page is a page in the making.
type page struct {
	strings.Builder
	comments schema.Comments
	values   map[string]reflect.Type // kinds of values that have been met, by title
}

// index is a table of all rules.
func (w *page) index() {
	w.table("rule", "", "adjusts", "decides", "Pod Security Standards")
	for _, k := range policy.RuleKinds() {
		w.row(fmt.Sprintf("[`%s`](#%s)", k.Name, strings.ToLower(k.Name)), w.summary(k), yesNo(k.CanAdjust), schema.DecidesShort(k),
			control(w.doc(k).Source))
	}
}

// rule is the section of a rule.
func (w *page) rule(k policy.RuleKind) {
	t, doc := reflect.TypeOf(k.Config).Elem(), w.doc(k)
	fmt.Fprintf(w, "\n## %s\n\n%s\n", k.Name, wrap(markdown(schema.Lead(doc.Text, t.Name()), t), ""))
	w.fields(t)
	if doc.Example != "" {
		fmt.Fprintf(w, "\n```yaml\n%s\n```\n", schema.ExampleOf(k.Name, doc.Example))
	}
	fmt.Fprintln(w)
	for _, part := range []struct{ name, text string }{
		{"Reads", doc.Reads},
		{"Adjusts", doc.Adjusts},
		{"Decides", schema.Decides(k) + "."},
		{"Source", doc.Source},
	} {
		fmt.Fprintln(w, wrap("- **"+part.name+"** "+markdown(part.text, t), "  "))
	}
}

func (w *page) doc(k policy.RuleKind) schema.Doc { return w.comments.Of(reflect.TypeOf(k.Config)) }

// summary is the first sentence.
func (w *page) summary(k policy.RuleKind) string {
	t := reflect.TypeOf(k.Config).Elem()
	return markdown(schema.Sentence(w.doc(k), t), t)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
