package release

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"
)

// pack writes the files into a compressed archive.
func pack(at string, files folder, when time.Time) error {
	var out bytes.Buffer
	zip, err := gzip.NewWriterLevel(&out, gzip.BestCompression) // its header has no time and no name
	if err != nil {
		return fmt.Errorf("pack %s: %w", at, err)
	}
	if err := archive(zip, files, when); err != nil {
		return fmt.Errorf("pack %s: %w", at, err)
	}
	if err := zip.Close(); err != nil {
		return fmt.Errorf("pack %s: %w", at, err)
	}
	if err := os.WriteFile(at, out.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	return nil
}

// archive writes the files as root's, in the order of their names.
func archive(w io.Writer, files folder, when time.Time) error {
	out := tar.NewWriter(w)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f := files[name]
		header := &tar.Header{Name: name, Mode: int64(f.mode), Size: int64(len(f.data)), ModTime: when, Format: tar.FormatPAX}
		if err := out.WriteHeader(header); err != nil {
			return err
		}
		if _, err := out.Write(f.data); err != nil {
			return err
		}
	}
	return out.Close()
}

// checksums lists what was made, for sha256sum -c.
func (m *maker) checksums(context.Context) error {
	entries, err := os.ReadDir(m.Out)
	if err != nil {
		return fmt.Errorf("list what was made: %w", err)
	}
	var out bytes.Buffer
	for _, e := range entries { // sorted
		data, err := os.ReadFile(m.path(e.Name()))
		if err != nil {
			return fmt.Errorf("read what was made: %w", err)
		}
		fmt.Fprintf(&out, "%x  %s\n", sha256.Sum256(data), e.Name())
	}
	if err := os.WriteFile(m.path("SHA256SUMS"), out.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write checksums: %w", err)
	}
	return nil
}
