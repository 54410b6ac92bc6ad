package ocispec

import (
	"encoding/json"
	"fmt"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// Decode parses an OCI config.json. It uses the same decoder as the runtimes
// (encoding/json), so that what is judged is what they will read.
func Decode(raw []byte) (*specs.Spec, error) {
	spec := &specs.Spec{}
	if err := json.Unmarshal(raw, spec); err != nil {
		return nil, fmt.Errorf("decode OCI spec: %w", err)
	}
	return spec, nil
}
