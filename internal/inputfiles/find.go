package inputfiles

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Standard is the argument for standard input.
const Standard = "-"

// File is a file to read.
type File struct {
	// Path is how the file is shown. It is Standard for standard input.
	Path string

	// Named is true if an argument names the file. Others are in a folder, or match a pattern.
	Named bool
}

// Skipped is a file that is not read.
type Skipped struct{ Path, Reason string }

// Found is what arguments stand for.
type Found struct {
	Files   []File
	Skipped []Skipped
	Errs    []error

	// Searched is true if an argument is a folder or a pattern.
	Searched bool
}

// Find returns the files that the arguments stand for, in their order, each once. In folders and
// their subfolders, it finds files whose names end in .yaml, .yml or .json. It leaves out hidden
// folders, such as .git. An argument that no file has as its name can be a pattern: ** stands for
// any folders.
func Find(args []string) Found {
	s := search{seen: make(map[string]bool)}
	for _, arg := range args {
		s.argument(arg)
	}
	return s.Found
}

type search struct {
	Found
	seen map[string]bool // by the path without symlinks
}

func (s *search) argument(arg string) {
	if arg == Standard {
		s.add(File{arg, true})
		return
	}
	info, err := os.Stat(arg)
	switch {
	case err == nil && info.IsDir():
		s.folder(arg)
	case errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(arg, "*?[{"):
		s.pattern(arg)
	default:
		s.add(File{arg, true}) // to read it says what is wrong with it
	}
}

// add adds a file, unless it was found before.
func (s *search) add(f File) {
	if s.first(f.Path) {
		s.Files = append(s.Files, f)
	}
}

// found adds a file that no argument names. To read another thing than a file could take forever.
func (s *search) found(path string, mode fs.FileMode) {
	if mode.IsRegular() {
		s.add(File{Path: path})
	} else {
		s.skip(path, "not a regular file")
	}
}

func (s *search) skip(path, reason string) {
	if s.first(path) {
		s.Skipped = append(s.Skipped, Skipped{path, reason})
	}
}

// first tells whether the file was not found before.
func (s *search) first(path string) bool {
	key := path
	if path != Standard {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			key = real
		}
		if abs, err := filepath.Abs(key); err == nil {
			key = abs
		}
	}
	if s.seen[key] {
		return false
	}
	s.seen[key] = true
	return true
}

func (s *search) fail(path string, err error) {
	if of := new(fs.PathError); errors.As(err, &of) {
		err = of.Err
	}
	s.Errs = append(s.Errs, fmt.Errorf("%s: %w", path, err))
}

// pattern adds the files that the pattern matches, and those of folders that it matches.
func (s *search) pattern(pattern string) {
	s.Searched = true
	if !doublestar.ValidatePathPattern(pattern) {
		s.fail(pattern, errors.New("is no file, and no valid pattern"))
		return
	}
	paths, err := doublestar.FilepathGlob(pattern, doublestar.WithNoHidden(), doublestar.WithNoFollow(), doublestar.WithFailOnIOErrors())
	if err != nil {
		s.fail(pattern, err)
		return
	}
	if len(paths) == 0 {
		s.fail(pattern, errors.New("no file matches the pattern"))
		return
	}
	slices.Sort(paths)
	for _, path := range paths {
		switch info, err := os.Stat(path); {
		case err != nil:
			s.add(File{Path: path}) // to read it says what is wrong with it
		case info.IsDir():
			s.walk(path)
		default:
			s.found(path, info.Mode())
		}
	}
}

// folder adds the files of a folder that an argument names.
func (s *search) folder(dir string) {
	s.Searched = true
	if s.walk(dir) == 0 {
		s.fail(dir, errors.New("has no file *.yaml, *.yml or *.json"))
	}
}

// walk adds the files of a folder, and returns how many it came across.
func (s *search) walk(dir string) int {
	n := 0
	root := dir
	if info, err := os.Lstat(dir); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		root += string(filepath.Separator) // follow it
	}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			s.fail(path, err)
			n++
			if e != nil && e.IsDir() {
				return fs.SkipDir
			}
		case e.IsDir() && path != root && strings.HasPrefix(e.Name(), "."):
			return fs.SkipDir
		case e.IsDir():
		case e.Type()&fs.ModeSymlink != 0:
			n += s.symlink(path)
		case isManifestName(path):
			n++
			s.found(path, e.Type())
		}
		return nil
	})
	if err != nil {
		s.fail(dir, err)
	}
	return n
}

// symlink adds what a symlink in a folder leads to if that is a file.
func (s *search) symlink(path string) int {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		if !strings.HasPrefix(filepath.Base(path), ".") {
			s.skip(path, "a symlink to a folder")
		}
		return 0
	case !isManifestName(path):
		return 0
	case err != nil:
		s.add(File{Path: path}) // one that leads to nothing is an error when it is read
	default:
		s.found(path, info.Mode())
	}
	return 1
}

// isManifestName tells whether files of that name are read in a folder.
func isManifestName(path string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(path)))
}
