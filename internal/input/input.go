package input

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/specguard/specguard/internal/adjusted"
	"github.com/specguard/specguard/internal/manifest"
	"github.com/specguard/specguard/policy"
)

// Container is one container of a file.
type Container struct {
	Subject policy.Subject

	// Object is what the container is derived from, such as Deployment/web; "" if the file
	// has the spec itself.
	Object string

	// Facts are what a manifest says that the subject does not show; nil if it is none.
	Facts *manifest.Facts

	// Notes say what was assumed, one sentence each.
	Notes []string

	// Asked is what specguard changed in the spec that was asked for; nil if that is not known.
	Asked *adjusted.Note

	manifest *manifest.Container // nil if it is of none
}

// Result is what a file describes.
type Result struct {
	Containers []Container
	Objects    int                // of a manifest
	Skipped    []manifest.Skipped // of those
	Errs       []error            // each begins with the file's name and, in a manifest, the place
}

// Parse returns the containers that a file describes: those of every value of a JSON stream,
// of every element of a list, of every pod of a manifest. One error in a manifest hides neither
// others nor other objects. A manifest can have no containers without an error. The options are for
// manifests.
func Parse(name string, data []byte, options ...manifest.Option) Result {
	r := manifest.Read(data, options...)
	if !r.Is {
		containers, err := read(data)
		if err != nil {
			return Result{Errs: []error{inFile(name, err)}}
		}
		return Result{Containers: containers}
	}
	out := Result{Containers: containersOf(r.Containers), Objects: r.Objects, Skipped: r.Skipped}
	for _, f := range r.Faults {
		out.Errs = append(out.Errs, inFile(name, f))
	}
	return out
}

// Read is Parse for a file that must have a container and no error.
func Read(name string, data []byte, options ...manifest.Option) ([]Container, error) {
	if !manifest.Is(data) {
		containers, err := read(data)
		return containers, inFile(name, err)
	}
	containers, err := manifest.Derive(data, options...)
	if faults := (manifest.Faults)(nil); errors.As(err, &faults) {
		err = faults[0]
	}
	return containersOf(containers), inFile(name, err)
}

// inFile puts the file's name before an error.
func inFile(name string, err error) error {
	var fault *manifest.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &fault):
		return fmt.Errorf("%s:%w", name, err)
	default:
		return fmt.Errorf("%s: %w", name, err)
	}
}

func read(data []byte) ([]Container, error) {
	var out []Container
	for dec := json.NewDecoder(bytes.NewReader(data)); ; {
		var raw json.RawMessage
		switch err := dec.Decode(&raw); {
		case errors.Is(err, io.EOF) && len(out) > 0:
			return out, nil
		case errors.Is(err, io.EOF):
			return nil, errors.New("is empty")
		case err != nil:
			return nil, syntaxFault(data, err)
		}
		containers, err := values(raw)
		if err != nil {
			return nil, err
		}
		out = append(out, containers...)
	}
}

// syntaxFault says what is wrong with what is not JSON, and where.
func syntaxFault(data []byte, err error) error {
	if start := bytes.TrimLeft(data, " \t\r\n"); start[0] != '{' && start[0] != '[' {
		return errors.New("neither JSON nor a Kubernetes manifest (no apiVersion and kind)")
	}
	before := data
	var fault *json.SyntaxError
	if errors.As(err, &fault) {
		before = data[:fault.Offset-1]
	}
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return &manifest.Error{Line: line, Column: column, Msg: "neither JSON nor a Kubernetes manifest: " + err.Error()}
}

// values reads a JSON value or a list of them.
func values(raw json.RawMessage) ([]Container, error) {
	list := []json.RawMessage{raw}
	if raw[0] == '[' {
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, err
		}
		if len(list) == 0 {
			return nil, errors.New("is an empty list")
		}
	}
	out := make([]Container, len(list))
	for i, value := range list {
		sub, err := subject(value)
		if err != nil {
			return nil, err
		}
		out[i].Subject = sub
	}
	return out, nil
}

// derived is the note for every container of a manifest.
const derived = "the spec is derived from the manifest, as a kubelet and containerd would make it"

func containersOf(containers []manifest.Container) []Container {
	var out []Container
	for i := range containers {
		c := &containers[i]
		out = append(out, Container{
			Subject: c.Subject, Object: c.Kind + "/" + c.Name, manifest: c, Facts: c.Facts, Notes: append([]string{derived}, c.Notes...),
		})
	}
	return out
}

// Where returns the place in the file that a rule's finding comes from, counted from 1; 0, 0 if the file
// is no manifest. found is the finding's text.
func (c *Container) Where(rule, found string) (line, column int) {
	if c.manifest == nil {
		return 0, 0
	}
	return c.manifest.Where(rule, found)
}

// Number tells the objects of a manifest apart: it counts them from 0.
func (c *Container) Number() int {
	if c.manifest == nil {
		return 0
	}
	return c.manifest.Object
}

// Place returns where the container begins in a manifest; 0, 0 if the file is none.
func (c *Container) Place() (line, column int) {
	if c.manifest == nil {
		return 0, 0
	}
	return c.manifest.Line, c.manifest.Column
}

// noNamespace is the note for a manifest that does not give the namespace.
const noNamespace = "no namespace is given: assumed to be default"

// GiveNamespace sets the pod's namespace if the file does not give it.
func (c *Container) GiveNamespace(namespace string) {
	assumed := slices.Index(c.Notes, noNamespace)
	if c.Subject.Pod.Namespace != "" && assumed < 0 {
		return
	}
	c.Subject.Pod.Namespace = namespace
	if assumed >= 0 {
		c.Notes = slices.Delete(c.Notes, assumed, assumed+1)
		c.Subject.Spec.Annotations[containerdNames().namespace] = namespace
	}
}
