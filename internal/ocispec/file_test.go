package ocispec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadFile says why a config.json is not read.
func TestReadFile(t *testing.T) {
	for size, want := range map[int64]string{1: "", maxFile: "", maxFile + 1: "it is larger than 32 MiB"} {
		f, err := os.Create(filepath.Join(t.TempDir(), "config.json"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := f.Truncate(size); err != nil {
			t.Fatal(err)
		}
		spec, _, err := ReadFile(f)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) || err == nil && int64(len(spec)) != size {
			t.Errorf("%d bytes: %d read, %v", size, len(spec), err)
		}
	}
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if _, _, err := ReadFile(dir); err == nil || !strings.Contains(err.Error(), "it is not a file") {
		t.Error(err)
	}
}
