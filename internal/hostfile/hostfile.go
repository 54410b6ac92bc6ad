// Package hostfile reads files of the host by the host's own paths, wherever the
// host's root is mounted.
package hostfile

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/specguard/specguard/plugin/host"
)

// Tree is the host's file tree. Paths that it takes, and paths in errors, are the
// host's. It is safe for concurrent use.
type Tree struct {
	root string
	host *host.Host
}

// New returns the tree of the host whose root is mounted at root. The host
// resolves the symlinks.
func New(root string, h *host.Host) Tree { return Tree{root: root, host: h} }

// At resolves the symlinks in the path. It returns the resolved path, and the place
// at which this process finds the file.
func (t Tree) At(p string) (place, resolved string, err error) {
	resolved, _, err = t.host.ResolvePath(p)
	if err != nil {
		return "", p, err
	}
	return filepath.Join(t.root, resolved), resolved, nil
}

// Stat returns what the file system says of the file. Its error matches
// fs.ErrNotExist if there is none.
func (t Tree) Stat(p string) (fs.FileInfo, error) {
	place, _, err := t.At(p)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(place)
	return info, Named(p, err)
}

// Read reads the file. Its error matches fs.ErrNotExist if there is none.
func (t Tree) Read(p string) ([]byte, error) {
	place, _, err := t.At(p)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(place)
	return data, Named(p, err)
}

// List returns the paths of the files in the folder whose names match the pattern,
// in lexical order. It returns none if the folder cannot be resolved.
func (t Tree) List(dir, pattern string) []string {
	place, _, err := t.At(dir)
	if err != nil {
		return nil
	}
	matches, _ := filepath.Glob(filepath.Join(place, pattern)) // in lexical order
	out := make([]string, len(matches))
	for i, m := range matches {
		out[i] = path.Join(dir, filepath.Base(m))
	}
	return out
}

// Named returns the error with the given path in place of its own.
func Named(p string, err error) error {
	if perr, ok := err.(*fs.PathError); ok { //nolint:errorlint // as os returns it
		return &fs.PathError{Op: perr.Op, Path: p, Err: perr.Err}
	}
	return err
}
