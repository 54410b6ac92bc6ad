package policytest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Files returns the test files at the paths. A path to a file is one of them. In a folder and its
// subfolders, the files that end in _test.yaml or _test.yml are; there must be at least one.
// Names that start with a dot do not count.
func Files(paths ...string) ([]string, error) {
	var out []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, missing(path, err)
		}
		if !info.IsDir() {
			out = append(out, path)
			continue
		}
		found, err := folder(path)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s: no tests: no file ends in _test.yaml or _test.yml", path)
		}
		out = append(out, found...)
	}
	return out, nil
}

// folder returns the test files of a folder, in the order of their paths.
func folder(root string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return missing(path, err)
		case path != root && strings.HasPrefix(name, "."):
			if d.IsDir() {
				return filepath.SkipDir
			}
		case !d.IsDir() && (strings.HasSuffix(name, "_test.yaml") || strings.HasSuffix(name, "_test.yml")):
			out = append(out, path)
		}
		return nil
	})
	return out, err
}

// missing says why there is nothing at the path.
func missing(path string, err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		err = of.Err
	}
	return fmt.Errorf("%s: %w", path, err)
}
