package install

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// containerdPaths are the places of containerd's configuration.
type containerdPaths struct{ main, dropIn string }

func newContainerdPaths(main string) containerdPaths {
	if main == "" {
		main = containerdConfig
	}
	return containerdPaths{main: main, dropIn: filepath.Join(filepath.Dir(main), "conf.d", "99-specguard.toml")}
}

// importsElement is what the main file imports: a pattern, with which
// containerd also starts where the drop-in was removed by hand.
func (p containerdPaths) importsElement() string {
	return fmt.Sprintf("%q", strings.TrimSuffix(p.dropIn, ".toml")+"*.toml")
}

// configFile is one file of a runtime's configuration.
type configFile struct {
	path string
	data []byte
}

// overlay has files as they are to be; nil if one is not to be there.
type overlay map[string][]byte

// load returns the files that containerd reads, in its order: the main file,
// then what the files import, level by level; a relative path is relative to
// the importing file's folder, * matches, and no file is read twice
// (containerd's cmd/containerd/server/config, LoadConfig and resolveImports).
// There are none if there is no main file.
func (p containerdPaths) load(t tree, o overlay) ([]configFile, error) {
	var out []configFile
	seen := map[string]bool{}
	for pending := []string{p.main}; len(pending) > 0; {
		next := pending[0]
		pending = pending[1:]
		if seen[next] {
			continue
		}
		seen[next] = true
		data, over := o[next]
		var err error
		if !over {
			data, err = t.read(next)
		}
		switch {
		case isNotExist(err) && next == p.main:
			return nil, nil
		case err != nil:
			return nil, err
		case over && data == nil:
			continue
		}
		out = append(out, configFile{path: next, data: data})
		imports, err := importsOf(t, o, next, data)
		if err != nil {
			return nil, err
		}
		pending = append(pending, imports...)
	}
	return out, nil
}

// importsOf returns the files that a file imports.
func importsOf(t tree, o overlay, parent string, data []byte) ([]string, error) {
	var c struct {
		Imports []string `toml:"imports"`
	}
	if err := toml.Unmarshal(data, &c); err != nil {
		return nil, tomlError(parent, err)
	}
	var out []string
	for _, p := range c.Imports {
		if p = filepath.Clean(p); !filepath.IsAbs(p) {
			p = filepath.Join(filepath.Dir(parent), p)
		}
		if !strings.Contains(p, "*") {
			out = append(out, p)
			continue
		}
		matches, err := t.glob(p)
		if err != nil {
			return nil, err
		}
		for name := range o {
			if ok, err := filepath.Match(p, name); err == nil && ok {
				matches = append(matches, name)
			}
		}
		slices.Sort(matches)
		out = append(out, slices.Compact(matches)...)
	}
	return out, nil
}

// originals are the files without our edits.
func (p containerdPaths) originals(files []configFile) []configFile {
	var out []configFile
	for _, f := range files {
		out = append(out, configFile{path: f.path, data: unmark(f.data, p.importsElement())})
	}
	return out
}
