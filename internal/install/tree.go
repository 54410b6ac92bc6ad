package install

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	securejoin "github.com/cyphar/filepath-securejoin"
)

// tree is the node's files below a root. Paths are the node's: a symlink leads
// where it leads on the node, never out of the root.
type tree struct {
	root string
	// step, if set, is called before each change of a file, and after the last.
	step func(what string)
}

func newTree(root string) (tree, error) {
	real, err := filepath.EvalSymlinks(root)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		return tree{}, fmt.Errorf("root: %w", err)
	}
	if info, err := os.Stat(real); err != nil || !info.IsDir() {
		return tree{}, fmt.Errorf("root: %s is not a folder", root)
	}
	return tree{root: real}, nil
}

// at is where a file of the node is here, if it is not a symlink itself.
func (t tree) at(p string) (string, error) {
	folder, err := securejoin.SecureJoin(t.root, filepath.Dir(p))
	if err != nil {
		return "", fmt.Errorf("%s: %w", p, err)
	}
	return filepath.Join(folder, filepath.Base(p)), nil
}

// read reads a file, through symlinks.
func (t tree) read(p string) ([]byte, error) {
	full, err := securejoin.SecureJoin(t.root, p)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p, err)
	}
	data, err := os.ReadFile(full)
	if err != nil {
		return nil, t.strip(err)
	}
	return data, nil
}

// stat returns the file to which a path leads, through symlinks.
func (t tree) stat(p string) (fs.FileInfo, error) {
	full, err := securejoin.SecureJoin(t.root, p)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p, err)
	}
	info, err := os.Stat(full)
	if err != nil {
		return nil, t.strip(err)
	}
	return info, nil
}

func (t tree) lstat(p string) (fs.FileInfo, error) {
	full, err := t.at(p)
	if err != nil {
		return nil, err
	}
	info, err := os.Lstat(full)
	if err != nil {
		return nil, t.strip(err)
	}
	return info, nil
}

func (t tree) isFile(p string) bool {
	info, err := t.stat(p)
	return err == nil && info.Mode().IsRegular()
}

func (t tree) isDir(p string) bool {
	info, err := t.stat(p)
	return err == nil && info.IsDir()
}

// glob returns the files that match a pattern, in order.
func (t tree) glob(pattern string) ([]string, error) {
	fixed, rest := filepath.Clean(pattern), ""
	for strings.ContainsAny(fixed, `*?[\`) {
		rest = filepath.Join(filepath.Base(fixed), rest)
		fixed = filepath.Dir(fixed)
	}
	folder, err := securejoin.SecureJoin(t.root, fixed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", pattern, err)
	}
	matches, err := fs.Glob(os.DirFS(folder), rest)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", pattern, err)
	}
	for i, m := range matches {
		matches[i] = filepath.Join(fixed, m)
	}
	return matches, nil
}

// links returns the symlinks of a folder that have the target.
func (t tree) links(folder, target string) ([]string, error) {
	full, err := securejoin.SecureJoin(t.root, folder)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", folder, err)
	}
	entries, err := os.ReadDir(full)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, t.strip(err)
	}
	var out []string
	for _, e := range entries {
		if to, err := os.Readlink(filepath.Join(full, e.Name())); err == nil && to == target {
			out = append(out, filepath.Join(folder, e.Name()))
		}
	}
	return out, nil
}

// strip makes an error name paths as the node does.
func (t tree) strip(err error) error {
	if perr, ok := errors.AsType[*fs.PathError](err); ok {
		p := filepath.Join("/", strings.TrimPrefix(perr.Path, strings.TrimSuffix(t.root, "/")))
		return &fs.PathError{Op: perr.Op, Path: p, Err: perr.Err}
	}
	return err
}
