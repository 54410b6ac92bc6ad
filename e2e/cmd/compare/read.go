package main

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/specguard/specguard/e2e/conformance"
)

// manifests are the pods of files, each once.
type manifests struct {
	files, again int // again counts the pods that are the same as another
	pods         []conformance.Pod
	skips        []conformance.Skip
	roots        []root

	seen map[any]bool // the keys of the pods
}

// A root is what was asked for: a file or a folder.
type root struct {
	path string
	pods int // that no root before it has
}

// readAll reads files, and those in folders that can be manifests.
func readAll(paths []string) (*manifests, error) {
	m := &manifests{seen: make(map[any]bool)}
	for _, path := range paths {
		before := len(m.pods)
		err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
			ext := filepath.Ext(file)
			switch {
			case err != nil:
				return err
			case file != path && (!d.Type().IsRegular() || !slices.Contains([]string{".yaml", ".yml", ".json"}, ext)), d.IsDir():
				return nil
			}
			return m.read(file)
		})
		if err != nil {
			return nil, err
		}
		m.roots = append(m.roots, root{path, len(m.pods) - before})
	}
	return m, nil
}

func (m *manifests) read(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	m.files++
	pods, skips := conformance.Read(path, data)
	m.skips = append(m.skips, skips...)
	for _, p := range pods {
		if m.seen[p.Key()] {
			m.again++
			continue
		}
		m.seen[p.Key()] = true
		m.pods = append(m.pods, p)
	}
	return nil
}

func (m *manifests) print(out io.Writer, verbose bool) {
	fmt.Fprintf(out, "%d files, %d pods, %d more that are the same as another\n", m.files, len(m.pods), m.again)
	if len(m.roots) > 1 {
		for _, r := range m.roots {
			fmt.Fprintf(out, "  %s: %d pods\n", r.path, r.pods)
		}
	}
	count := make(map[string]int)
	for _, s := range m.skips {
		count[s.Why]++
		if verbose {
			fmt.Fprintf(out, "  skipped: %s: %s\n", s.Name, s.Why)
		}
	}
	for _, why := range slices.Sorted(maps.Keys(count)) {
		fmt.Fprintf(out, "%d skipped: %s\n", count[why], why)
	}
}
