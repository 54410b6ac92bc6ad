package install

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	securejoin "github.com/cyphar/filepath-securejoin"

	"github.com/specguard/specguard/internal/wrapperconfig"
)

// dropInFolder is where CRI-O looks for drop-ins of a main file. It reads
// every file in it and below, whatever its name.
func dropInFolder(main string) string { return main + ".d" }

// crioPaths are the places of CRI-O's configuration.
type crioPaths struct{ main, dropIn string }

func newCRIOPaths(main string) crioPaths {
	if main == "" {
		main = crioConfig
	}
	return crioPaths{main: main, dropIn: filepath.Join(dropInFolder(main), filepath.Base(wrapperconfig.CRIODropIn))}
}

// load returns the files that CRI-O reads, in its order: the main file, then the
// drop-ins in the order of their names (CRI-O's pkg/config, UpdateFromFile and
// UpdateFromPath).
func (p crioPaths) load(t tree, o overlay) ([]configFile, error) {
	var out []configFile
	data, err := t.read(p.main)
	switch {
	case err == nil:
		out = append(out, configFile{path: p.main, data: data})
	case !isNotExist(err):
		return nil, err
	}
	names, err := t.walk(filepath.Dir(p.dropIn), o)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		data, over := o[name]
		if !over {
			if data, err = t.read(name); err != nil {
				return nil, err
			}
		}
		if data != nil {
			out = append(out, configFile{path: name, data: data})
		}
	}
	return out, nil
}

// walk returns all files below a folder and those of the overlay, in the order of
// filepath.Walk.
func (t tree) walk(folder string, o overlay) ([]string, error) {
	full, err := securejoin.SecureJoin(t.root, folder)
	if err != nil {
		return nil, err
	}
	var out []string
	err = filepath.Walk(full, func(p string, info fs.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			rel, _ := filepath.Rel(full, p) // p is below full
			out = append(out, filepath.Join(folder, rel))
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, t.strip(err)
	}
	for name := range o {
		if filepath.Dir(name) == folder {
			out = append(out, name)
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
	})
	return slices.Compact(out), nil
}
