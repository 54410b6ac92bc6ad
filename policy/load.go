package policy

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxFileSize bounds a policy file, in bytes.
const maxFileSize = 8 << 20

// LoadError is one fault in a policy file.
type LoadError struct {
	File         string
	Line, Column int // counted from 1; 0 where the fault is the whole file's
	Msg          string
}

func (e *LoadError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Msg
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Msg)
}

// Source is a policy file that has been read.
type Source struct {
	Name string
	Data []byte
}

// Load reads the policy files at the paths, or in the folders at the paths,
// and compiles them. The error joins every LoadError found, in order, one line
// each; then the Set is nil. Paths without any policy give an empty Set.
func Load(paths ...string) (*Set, error) {
	files, err := Read(paths...)
	if err != nil {
		return nil, err
	}
	return Compile(files.Sources...)
}

// Files are what paths of policies hold.
type Files struct {
	Sources []Source

	// Ignored warns of the files in folders that Read ignores because of how their names end.
	// Files whose names start with a dot are not among them.
	Ignored []Warning
}

// Read reads the policy files at the paths, or in the folders at the paths. A file that the paths
// contain twice is an error.
// In a folder, files that end in .yaml, .yml or .json count; names that start with a
// dot (a ConfigMap mount's ..data, an editor's swap file) do not, and a
// subfolder is an error, since its policies would not be in force. With an error there are no
// sources; what was ignored is known all the same.
func Read(paths ...string) (Files, error) {
	files, ignored, errs := listAll(paths)
	var sources []Source
	for _, f := range files {
		data, err := readFile(f)
		errs = append(errs, err)
		sources = append(sources, Source{Name: f, Data: data})
	}
	if err := errors.Join(errs...); err != nil {
		return Files{Ignored: ignored}, err
	}
	return Files{Sources: sources, Ignored: ignored}, nil
}

// listAll gives the policy files at the paths, and warns of the others in folders.
func listAll(paths []string) (files []string, warnings []Warning, errs []error) {
	var infos []os.FileInfo // of the files
	for _, p := range paths {
		here, others, err := list(p)
		errs = append(errs, err)
		for _, f := range others {
			warnings = append(warnings, Warning{File: f, Msg: "is not read: policy files end in .yaml, .yml or .json"})
		}
		for _, f := range here {
			info, err := os.Stat(f)
			if err != nil {
				errs = append(errs, pathError(f, err))
				continue
			}
			if first := slices.IndexFunc(infos, func(i os.FileInfo) bool { return os.SameFile(i, info) }); first >= 0 {
				errs = append(errs, &LoadError{File: f, Msg: "is given twice: it is the same file as " + files[first]})
				continue
			}
			files, infos = append(files, f), append(infos, info)
		}
	}
	return files, warnings, errs
}

// list gives the policy files at a path, and the other files of a folder.
func list(path string) (files, others []string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, pathError(path, err)
	}
	if !info.IsDir() {
		return []string{path}, nil, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, nil, pathError(path, err)
	}
	for _, e := range entries {
		file := filepath.Join(path, e.Name())
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		info, err := os.Stat(file)
		switch {
		case err != nil:
			return nil, nil, pathError(file, err)
		case info.IsDir():
			return nil, nil, &LoadError{File: file, Msg: "is a folder; put all policy files directly into the policy folder"}
		case !isPolicyFile(file):
			others = append(others, file)
		case !info.Mode().IsRegular():
			return nil, nil, &LoadError{File: file, Msg: "is not a regular file"}
		default:
			files = append(files, file)
		}
	}
	return files, others, nil
}

// isPolicyFile tells by its ending whether a file in a folder holds policies. JSON is YAML, too.
func isPolicyFile(file string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(file)))
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, pathError(path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return nil, pathError(path, err)
	}
	if len(data) > maxFileSize {
		return nil, &LoadError{File: path, Msg: fmt.Sprintf("is larger than %d MiB", maxFileSize>>20)}
	}
	return data, nil
}

func pathError(path string, err error) error {
	var perr *os.PathError
	if errors.As(err, &perr) {
		err = perr.Err
	}
	return &LoadError{File: path, Msg: err.Error()}
}

// Compile compiles policy files into a Set. The order of files and documents
// does not matter. The error joins every LoadError found; then the Set is nil.
func Compile(sources ...Source) (*Set, error) {
	c := &compiler{
		kinds:    kinds(),
		first:    make(map[string]string),
		profiles: make(map[profileName][]layer),
		headers:  make(map[string]header),
	}
	for _, src := range sources {
		c.file(src)
	}
	if len(c.errs) == 0 { // else a policy may be missing that has a fault of its own
		c.link()
	}
	if len(c.errs) > 0 {
		slices.SortStableFunc(c.errs, func(a, b *LoadError) int {
			return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		joined := make([]error, len(c.errs))
		for i, e := range c.errs {
			joined[i] = e
		}
		return nil, errors.Join(joined...)
	}
	set := newSet(c.policies, c.excuses)
	c.lint(set)
	set.warnings, set.notes = sorted(c.warnings), sorted(c.notes)
	return set, nil
}
