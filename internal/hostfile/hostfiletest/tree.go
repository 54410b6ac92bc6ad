// Package hostfiletest makes file trees of hosts for tests.
package hostfiletest

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Tree is a host's files: their contents by path. A content "-> x" makes a symlink to x,
// one that begins with "#!" a program.
type Tree map[string]string

// Write writes the files below a folder that the test removes, and returns the folder.
func (tree Tree) Write(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	for name, content := range tree {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		target, link := strings.CutPrefix(content, "-> ")
		var err error
		if link {
			err = os.Symlink(target, file)
		} else {
			mode := fs.FileMode(0o644)
			if strings.HasPrefix(content, "#!") {
				mode = 0o755
			}
			err = os.WriteFile(file, []byte(content), mode)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}
