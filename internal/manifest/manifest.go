package manifest

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"

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

	// Facts are what the pod says that the subject does not show.
	Facts *Facts

	// Notes say what was assumed, one sentence each. They hold no values of
	// environment variables or arguments.
	Notes []string
}

// Error is an error in a manifest and its place, both counted from 1.
type Error struct {
	Line, Column int
	Msg          string
}

func (e *Error) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Msg) }

// kindLine is how a manifest says what it is.
var kindLine = regexp.MustCompile(`(?m)^kind\s*:`)

// Is reports whether the data is a manifest: a document of it has an apiVersion and a kind. If
// the data cannot be parsed, it reports what the data seems to be.
func Is(data []byte) bool {
	docs, err := documents(data)
	if err != nil && kindLine.Match(data) {
		return true
	}
	return slices.ContainsFunc(docs, func(n *yaml.Node) bool {
		return lookup(n, "apiVersion") != nil && lookup(n, "kind") != nil
	})
}

// Derive returns the containers of all pods that the manifest describes, in the order of the
// manifest: for each pod first the init containers, then the others, then the ephemeral ones.
// It skips objects that create no pods, and pods for Windows; a manifest that has nothing else
// is an error. Every error about the manifest is an Error.
func Derive(data []byte, options ...Option) ([]Container, error) {
	var known known
	for _, o := range options {
		o(&known)
	}
	docs, err := documents(data)
	if err != nil {
		return nil, err
	}
	f := &finder{decoder: newDecoder(len(data))}
	for _, doc := range docs {
		if err := f.document(doc); err != nil {
			return nil, err
		}
	}
	if len(f.found) == 0 {
		return nil, f.nothing()
	}
	seed := sha256.Sum256(data)
	var out []Container
	for i, t := range f.found {
		p, err := newPod(t, fmt.Appendf(seed[:], "/%d", i))
		if err != nil {
			return nil, err
		}
		p.known = known
		containers, err := p.containers()
		if err != nil {
			return nil, err
		}
		out = append(out, containers...)
	}
	return out, nil
}
