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
}

// Read returns the containers that a file describes: those of every value of a JSON stream,
// of every element of a list, of every pod of a manifest. There is at least one. An error
// begins with the file's name and, in a manifest, the place. The options are for manifests.
func Read(name string, data []byte, options ...manifest.Option) ([]Container, error) {
	containers, err := read(data, options)
	var fault *manifest.Error
	switch {
	case errors.As(err, &fault):
		return nil, fmt.Errorf("%s:%w", name, err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return containers, nil
}

func read(data []byte, options []manifest.Option) ([]Container, error) {
	if manifest.Is(data) {
		return derive(data, options)
	}
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

func derive(data []byte, options []manifest.Option) ([]Container, error) {
	containers, err := manifest.Derive(data, options...)
	if err != nil {
		return nil, err
	}
	out := make([]Container, len(containers))
	for i, c := range containers {
		out[i] = Container{
			Subject: c.Subject, Object: c.Kind + "/" + c.Name, Facts: c.Facts, Notes: append([]string{derived}, c.Notes...),
		}
	}
	return out, nil
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
