package main

import (
	"encoding/json"
	"path/filepath"

	"github.com/specguard/specguard/policy/schema/internal/source"
)

// generate returns the generated files, by their paths in the module.
func generate(root string) (map[string][]byte, error) {
	comments, err := source.Comments(filepath.Join(root, "policy"))
	if err != nil {
		return nil, err
	}
	used, err := json.MarshalIndent(comments.Used(), "", " ")
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		"policy/schema/comments.json": append(used, '\n'),
	}, nil
}
