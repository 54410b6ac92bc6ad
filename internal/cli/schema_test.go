package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/specguard/specguard/internal/schema/schematest"
)

// TestSchema validates, by what the command prints, the documents that the docs
// show, the examples and those of the demonstrations.
func TestSchema(t *testing.T) {
	r := specguard(t, "schema")
	if r.code != 0 || r.stderr != "" {
		t.Fatalf("%+v", r)
	}
	s := schematest.Compile(t, []byte(r.stdout))
	found := 0
	for name, text := range documents(t) {
		n, err := s.Validate(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		found += n
	}
	if found < 20 {
		t.Errorf("found %d documents only", found)
	}
}

// documents gives the files, and the blocks of the docs, that have documents.
func documents(t *testing.T) map[string][]byte {
	t.Helper()
	out := make(map[string][]byte)
	for _, b := range docs(t) {
		if b.language == "yaml" && strings.Contains(b.text, "apiVersion: specguard.dev/") {
			out[b.file+": "+b.text] = []byte(b.text)
		}
	}
	for _, pattern := range []string{"docs/examples/*/*.yaml", "e2e/cmd/*/*.yaml"} {
		files, err := filepath.Glob("../../" + pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			out[file] = text
		}
	}
	return out
}
