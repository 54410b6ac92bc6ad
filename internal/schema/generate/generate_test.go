package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestUpToDate has every generated file as it would be made now.
func TestUpToDate(t *testing.T) {
	const root = "../../.."
	files, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s is out of date: run make generate", name)
		}
	}
}
