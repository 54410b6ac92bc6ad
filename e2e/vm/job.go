package vm

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// RebootStatus is the exit status of a job that goes on after another boot.
const RebootStatus = 64

// A Job is what a machine does.
type Job struct {
	// Run is a shell script. Its first argument is the number of the boot, its
	// folder is the one that holds Files, and $OUT is the folder of what
	// it leaves. Where it ends with [RebootStatus] the machine boots again.
	Run string
	// Files are files and folders of the machine outside, by their place in the
	// job's folder.
	Files map[string]string
}

// write writes the job as a tar.
func (j Job) write(file string) error {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer out.Close()
	archive := tar.NewWriter(out)
	run := "#!/bin/sh\n" + j.Run
	err = archive.WriteHeader(&tar.Header{Name: "run", Mode: 0o755, Size: int64(len(run))})
	if err == nil {
		_, err = io.WriteString(archive, run)
	}
	names := make([]string, 0, len(j.Files))
	for name := range j.Files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		err = errors.Join(err, add(archive, name, j.Files[name]))
	}
	if err = errors.Join(err, archive.Close(), out.Close()); err != nil {
		return fmt.Errorf("write job: %w", err)
	}
	return nil
}

// add adds a file, or a folder with all that is in it.
func add(archive *tar.Writer, name, source string) error {
	return filepath.WalkDir(source, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		below, err := filepath.Rel(source, path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		header := &tar.Header{Name: filepath.Join(name, below), Mode: int64(info.Mode().Perm()), Size: info.Size()}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(archive, f)
		return err
	})
}

// readResult writes the files of a tar on a disk to a folder. A machine that
// was stopped has left none.
func readResult(disk, dir string) error {
	f, err := os.Open(disk)
	if err != nil {
		return err
	}
	defer f.Close()
	archive := tar.NewReader(f)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read result: %w", err)
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		name := filepath.Join(dir, filepath.Clean("/"+header.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		out, err := os.Create(name)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, archive)
		if err = errors.Join(err, out.Close()); err != nil {
			return fmt.Errorf("read result: %w", err)
		}
	}
}
