package ocispec

import (
	"fmt"

	jsonv1 "github.com/go-json-experiment/json/v1"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// Decode parses an OCI config.json. Policies must judge what the runtimes read with
// encoding/json, whatever the spelling and the order of names. So Decode uses the
// implementation of encoding/json that later versions of Go have: it gives the same results
// in half the time.
func Decode(raw []byte) (*specs.Spec, error) {
	spec := &specs.Spec{}
	if err := jsonv1.Unmarshal(raw, spec); err != nil {
		return nil, fmt.Errorf("decode OCI spec: %w", err)
	}
	return spec, nil
}

// DecodeProcess parses the process part of an OCI config.json, as OCI runtimes read it for
// a process to execute in a container.
func DecodeProcess(raw []byte) (*specs.Process, error) {
	process := &specs.Process{}
	if err := jsonv1.Unmarshal(raw, process); err != nil {
		return nil, fmt.Errorf("decode OCI process: %w", err)
	}
	return process, nil
}
