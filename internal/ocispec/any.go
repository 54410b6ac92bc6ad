package ocispec

import (
	"bytes"
	"encoding/json"
)

// decodeAny reads JSON, and keeps every digit of its numbers.
func decodeAny(raw []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	err := dec.Decode(&v)
	return v, err
}
