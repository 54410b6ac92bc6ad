package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/specguard/specguard/internal/fields"
	"github.com/specguard/specguard/internal/schema/internal/reference"
	"github.com/specguard/specguard/internal/schema/internal/source"
)

// generate returns the generated files, by their paths in the module.
func generate(root string) (map[string][]byte, error) {
	comments, err := source.Comments(filepath.Join(root, "policy"), filepath.Join(root, "policy/policytest"),
		filepath.Join(root, "policy/seccomp"))
	if err != nil {
		return nil, err
	}
	used, err := json.MarshalIndent(comments.Used(), "", " ")
	if err != nil {
		return nil, err
	}
	rules, err := reference.Rules(comments)
	if err != nil {
		return nil, err
	}
	page, err := withTable(filepath.Join(root, "docs/policy.md"), reference.Table(comments))
	if err != nil {
		return nil, err
	}
	spec, err := fields.Table()
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		"docs/fields.md":                reference.Fields(spec),
		"internal/schema/comments.json": append(used, '\n'),
		"docs/rules.md":                 rules,
		"docs/policy.md":                page,
	}, nil
}

// table is what stands between two marks in a page.
var table = regexp.MustCompile(`(?s)(<!-- Made by "make generate"[^>]*-->\n).*?(<!-- end -->\n)`)

// withTable returns the page with the table put between its marks.
func withTable(file, text string) ([]byte, error) {
	page, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if !table.Match(page) {
		return nil, fmt.Errorf("%s has no place for the table of rules", file)
	}
	return table.ReplaceAll(page, []byte("${1}\n"+regexp.MustCompile(`\$`).ReplaceAllString(text, "$$$$")+"\n${2}")), nil
}
