package policytest

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/go-json-experiment/json"
	"github.com/opencontainers/runtime-spec/specs-go"
	"gopkg.in/yaml.v3"

	"github.com/specguard/specguard/internal/ocispec"
)

// part reads a part of an OCI spec. Members that the OCI runtime spec does not
// have are errors, and so are values of another type.
func part(n *yaml.Node) (map[string]any, error) {
	var v map[string]any
	if err := n.Decode(&v); err != nil {
		return nil, errors.New("must be a part of an OCI spec")
	}
	raw, err := stdjson.Marshal(v)
	if err != nil {
		return nil, errors.New("must be a part of an OCI spec")
	}
	if err := json.Unmarshal(raw, &specs.Spec{}, json.RejectUnknownMembers(true)); err != nil {
		return nil, misfit(err)
	}
	return generic(raw)
}

// misfit says what is not a part of an OCI spec, without its value.
func misfit(err error) error {
	var e *json.SemanticError
	if !errors.As(err, &e) {
		return errors.New("is not a part of an OCI spec")
	}
	if errors.Is(err, json.ErrUnknownName) {
		return fmt.Errorf("an OCI spec has no %s", e.JSONPointer)
	}
	return fmt.Errorf("%s: an OCI spec has no %s there", e.JSONPointer, e.JSONKind)
}

// generic decodes JSON; numbers stay as they are written.
func generic(raw []byte) (map[string]any, error) {
	dec := stdjson.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v map[string]any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	return v, nil
}

func genericSpec(spec *specs.Spec) (map[string]any, error) {
	raw, err := stdjson.Marshal(spec)
	if err != nil {
		return nil, err
	}
	return generic(raw)
}

// patch merges a part into a spec.
func patch(spec *specs.Spec, n *yaml.Node) (*specs.Spec, error) {
	changes, err := part(n)
	if err != nil {
		return nil, err
	}
	target, err := genericSpec(spec)
	if err != nil {
		return nil, err
	}
	raw, err := stdjson.Marshal(merge(target, changes))
	if err != nil {
		return nil, err
	}
	return ocispec.Decode(raw)
}

// merge is MergePatch of RFC 7396.
func merge(target any, changes map[string]any) map[string]any {
	out := make(map[string]any)
	if t, ok := target.(map[string]any); ok {
		maps.Copy(out, t)
	}
	for k, v := range changes {
		switch v := v.(type) {
		case nil:
			delete(out, k)
		case map[string]any:
			out[k] = merge(out[k], v)
		default:
			out[k] = v
		}
	}
	return out
}
