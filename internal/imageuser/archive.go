package imageuser

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// openArchive finds the files in a tar archive.
func openArchive(name string) (*store, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	entries, err := index(f)
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return &store{Closer: f, open: func(name string) (io.ReadCloser, error) {
		for range 8 { // layers of docker save can be links to others
			e, ok := entries[path.Clean(name)]
			if !ok {
				return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
			}
			if e.link == "" {
				return io.NopCloser(io.NewSectionReader(f, e.at, e.size)), nil
			}
			name = e.link
		}
		return nil, fmt.Errorf("%s: too many links", name)
	}}, nil
}

// entry is where a file is in an archive.
type entry struct {
	at, size int64
	link     string // what it is a link to
}

func index(f *os.File) (map[string]entry, error) {
	entries := make(map[string]entry)
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, fmt.Errorf("is no tar archive that is not compressed: %w", err)
		}
		name := path.Clean(h.Name)
		switch h.Typeflag {
		case tar.TypeReg:
			at, err := f.Seek(0, io.SeekCurrent) // the reader reads no further than it must
			if err != nil {
				return nil, err
			}
			entries[name] = entry{at: at, size: h.Size}
		case tar.TypeLink:
			entries[name] = entry{link: path.Clean(h.Linkname)}
		case tar.TypeSymlink:
			entries[name] = entry{link: path.Join(path.Dir(name), h.Linkname)} //nolint:gosec // it is looked up in the archive
		}
	}
}
