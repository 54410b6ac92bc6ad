package cli

import (
	"fmt"
	"strings"

	"github.com/specguard/specguard/internal/adjusted"
	"github.com/specguard/specguard/internal/breakage"
	"github.com/specguard/specguard/internal/decisionlog"
	"github.com/specguard/specguard/internal/input"
	"github.com/specguard/specguard/internal/ocispec"
	"github.com/specguard/specguard/policy"
)

// about says which container is spoken of.
type about struct {
	File      string `json:"file,omitempty"` // "" for running containers
	Object    string `json:"object,omitempty"`
	Namespace string `json:"namespace"`
	Pod       string `json:"pod,omitempty"`
	Container string `json:"container,omitempty"`
	ID        string `json:"id,omitempty"` // of a running container

	place int // in the file, from 1; 0 if it is the only one
}

func aboutContainer(file string, containers []input.Container, i int) about {
	c := &containers[i]
	a := about{
		File: file, Object: c.Object, Namespace: c.Subject.Pod.Namespace, Pod: c.Subject.Pod.Name,
		Container: c.Subject.Container.Name,
	}
	if len(containers) > 1 {
		a.place = i + 1
	}
	return a
}

// title names the container as far as its file does not.
func (a about) title() string {
	if a.place == 0 && a.Object == "" && a.File != "" {
		return a.File
	}
	of, container := a.Object, a.Container
	if of == "" {
		of = strings.Trim(a.Namespace+"/"+a.Pod, "/")
	}
	if container == "" {
		container = fmt.Sprintf("#%d", a.place)
	}
	name := strings.TrimSpace(of + " container " + container)
	if a.File == "" {
		return name
	}
	return a.File + ": " + name
}

// report is what check says about one container.
type report struct {
	about
	Outcome  policy.Outcome `json:"outcome"`
	Message  string         `json:"message,omitempty"`
	Policies []string       `json:"policies"`

	decisionlog.Results
	Diff []ocispec.Change `json:"diff,omitempty"`

	// Warnings say what adjusting is likely to break.
	Warnings   []breakage.Warning `json:"warnings,omitempty"`
	IfEnforced *ifEnforced        `json:"ifEnforced,omitempty"`

	// Asked is what specguard has changed in the spec before: the container was judged as it
	// runs, not as it was asked for.
	Asked *adjusted.Note `json:"asked,omitempty"`

	// Notes say what was assumed. Unknown names what could not be seen.
	Notes   []string `json:"notes,omitempty"`
	Unknown []string `json:"unknown,omitempty"`

	// Line and Column are where the container begins in a manifest, and Places where findings come
	// from. They are counted from 1.
	Line   int     `json:"line,omitempty"`
	Column int     `json:"column,omitempty"`
	Places []place `json:"places,omitempty"`

	// Elsewhere are the policies that would match in another namespace, if none does in this.
	Elsewhere []elsewhere `json:"elsewhere,omitempty"`
}

// uncovered tells whether no policy matches the container.
func (r *report) uncovered() bool { return len(r.Policies) == 0 && r.Outcome == policy.Allowed }

// count counts the container by its outcome.
func (r *report) count(t *tally) bool { return t.add(r) }

// ifEnforced is what would become of a container if the policies in mode audit
// were enforced.
type ifEnforced struct {
	Outcome policy.Outcome `json:"outcome"`
	Message string         `json:"message,omitempty"`
	decisionlog.Results
	Warnings []breakage.Warning `json:"warnings,omitempty"`
}

func newReport(set *policy.Set, about about, c *input.Container) (*report, error) {
	d := set.Evaluate(c.Subject, policy.Complete)
	r := &report{
		about: about, Outcome: d.Outcome(), Message: d.Message(), Policies: d.Policies, Results: decisionlog.ResultsOf(d),
		Warnings: breakage.Warnings(&c.Subject, c.Facts, d), Asked: c.Asked, Notes: c.Notes,
	}
	if then := d.IfEnforced; then != nil {
		r.IfEnforced = &ifEnforced{
			Outcome: then.Outcome(), Message: then.Message(), Results: decisionlog.ResultsOf(then),
			Warnings: breakage.Warnings(&c.Subject, c.Facts, then),
		}
	}
	var err error
	if r.Outcome == policy.Adjusted {
		r.Diff, err = ocispec.Diff(c.Subject.Spec, d.Spec)
	}
	return r, err
}
