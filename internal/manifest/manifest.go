package manifest

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/policy"
)

// Container is one container of a manifest.
type Container struct {
	// Kind and Name are those of the object that the container was found in,
	// such as Deployment and web.
	Kind, Name string

	// Subject is ready to be judged. Its Host knows the pod's volumes; of a
	// node it knows nothing.
	Subject policy.Subject

	// Object tells objects of the same kind and name apart: it counts them from 0.
	Object int

	// Line and Column are where the container begins in the manifest.
	Line, Column int

	// Facts are what the pod says that the subject does not show.
	Facts *Facts

	// Notes say what was assumed, one sentence each. They hold no values of
	// environment variables or arguments.
	Notes []string

	nodes nodes
}

// Skipped is an object that no container was derived from.
type Skipped struct {
	Kind, Name   string
	Line, Column int

	// Reason says why; "" for an object that has no containers.
	Reason string
}

// Result is what a manifest holds. Places are counted from 1.
type Result struct {
	// Is reports whether the data is a manifest, as the function Is does.
	Is bool

	// Containers are those of all pods, in the order of the manifest: for each pod first the init
	// containers, then the others, then the ephemeral ones.
	Containers []Container

	// Objects is how many objects the manifest has.
	Objects int

	// Skipped are objects that make no pods, and those whose pods the manifest does not show.
	Skipped []Skipped

	// Faults are all errors, by their place. From an object with a fault, containers are
	// derived only if the faults are misspelt fields.
	Faults Faults
}

// kindLine is how a manifest says what it is.
var kindLine = regexp.MustCompile(`(?m)^kind\s*:`)

// Is reports whether the data is a manifest: a document of it has an apiVersion and a kind. If
// the data cannot be parsed, it reports what the data seems to be.
func Is(data []byte) bool {
	docs, faults := documents(data)
	return is(data, docs, faults)
}

func is(data []byte, docs []*yaml.Node, faults Faults) bool {
	if len(faults) > 0 && kindLine.Match(data) {
		return true
	}
	return slices.ContainsFunc(docs, func(n *yaml.Node) bool {
		return lookup(n, "apiVersion") != nil && lookup(n, "kind") != nil
	})
}

// Derive returns the containers of a manifest that has no faults and at least one container. Any
// error is Faults.
func Derive(data []byte, options ...Option) ([]Container, error) {
	r := Read(data, options...)
	switch {
	case len(r.Faults) > 0:
		return nil, r.Faults
	case len(r.Containers) == 0:
		return nil, Faults{r.nothing()}
	}
	return r.Containers, nil
}

// Read derives the containers of all pods that a manifest describes.
func Read(data []byte, options ...Option) Result {
	var known known
	for _, o := range options {
		o(&known)
	}
	docs, faults := documents(data)
	f := &finder{Result: Result{Is: is(data, docs, faults)}, decoder: newDecoder(len(data)), faults: faults}
	for _, doc := range docs {
		f.note(f.document(doc))
	}
	seed := sha256.Sum256(data)
	for i, t := range f.found {
		p, err := newPod(t, fmt.Appendf(seed[:], "/%d", i))
		if err != nil {
			f.note(err)
			continue
		}
		p.known = known
		containers, err := p.containers()
		f.note(err)
		f.Containers = append(f.Containers, containers...)
	}
	f.Faults = f.faults.sorted()
	return f.Result
}

// nothing is the fault of a manifest without a container.
func (r *Result) nothing() *Error {
	for _, s := range r.Skipped {
		if s.Reason != "" {
			return &Error{Line: s.Line, Column: s.Column, Msg: s.Reason}
		}
	}
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return &Error{Line: 1, Column: 1, Msg: "there is no Pod and no workload that creates one (supported: " + strings.Join(names, ", ") +
		"), and no other object with a pod's template"}
}
