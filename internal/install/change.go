package install

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	securejoin "github.com/cyphar/filepath-securejoin"
)

// Change creates, replaces or removes one file in one step.
type Change struct {
	// Path is the file, by the node's path.
	Path string
	// Before and After are its contents; nil if there is no such file.
	Before, After []byte
	// Target is the target of a symlink to create.
	Target string
	// Binary: showing the contents is of no use.
	Binary bool

	mode fs.FileMode
	// config: the runtime reads it.
	config bool
	// stage is the folder where a new file is written first, if not in its own.
	stage string
}

// Verb says what the change does.
func (c Change) Verb() string {
	switch {
	case c.Target != "":
		return "link"
	case c.After == nil:
		return "remove"
	case c.Before == nil:
		return "create"
	default:
		return "replace"
	}
}

// apply makes the change: at every moment the file is as before or as after.
func (t tree) apply(c Change) error {
	full, err := t.at(c.Path)
	if err != nil {
		return err
	}
	if c.Verb() == "remove" {
		t.tell("remove " + c.Path)
		if err := os.Remove(full); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return t.strip(err)
		}
		if err := t.sync(c.Path); err != nil {
			return err
		}
		if folder := filepath.Dir(full); filepath.Base(folder) == "specguard" {
			_ = os.Remove(folder) // ours, unless something else is in it
		}
		return nil
	}
	t.tell("make the folder of " + c.Path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil { //nolint:gosec // as programs and settings are
		return t.strip(err)
	}
	stage := filepath.Dir(full)
	if c.stage != "" {
		if stage, err = securejoin.SecureJoin(t.root, c.stage); err != nil {
			return err
		}
	}
	temp := filepath.Join(stage, "."+filepath.Base(full)+".new")
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a run that was cut off
		return t.strip(err)
	}
	if err := t.prepare(c, full, temp); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	t.tell("rename to " + c.Path)
	if err := os.Rename(temp, full); err != nil {
		return errors.Join(t.strip(err), os.Remove(temp))
	}
	return t.sync(c.Path)
}

// prepare makes the new file, complete and on disk, under another name.
func (t tree) prepare(c Change, full, temp string) error {
	t.tell("prepare " + c.Path)
	if c.Target != "" {
		return os.Symlink(c.Target, temp)
	}
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return t.strip(err)
	}
	defer f.Close()
	if _, err := f.Write(c.After); err != nil {
		return t.strip(err)
	}
	if err := attributes(f, c, full); err != nil {
		return t.strip(err)
	}
	if err := f.Sync(); err != nil {
		return t.strip(err)
	}
	return t.strip(f.Close())
}

// attributes gives a new file its mode; an operator's file keeps its own and
// its owner.
func attributes(f *os.File, c Change, full string) error {
	mode := c.mode
	if mode == 0 {
		info, err := os.Lstat(full)
		if err != nil {
			return err
		}
		mode = info.Mode().Perm()
		if s, ok := info.Sys().(*syscall.Stat_t); ok {
			if err := f.Chown(int(s.Uid), int(s.Gid)); err != nil {
				return err
			}
		}
	}
	return f.Chmod(mode)
}

// sync makes a rename or a removal last.
func (t tree) sync(p string) error {
	folder, err := securejoin.SecureJoin(t.root, filepath.Dir(p))
	if err != nil {
		return err
	}
	d, err := os.Open(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was there to remove
	}
	if err != nil {
		return t.strip(err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return t.strip(err)
	}
	t.tell("done with " + p)
	return nil
}

func (t tree) tell(what string) {
	if t.step != nil {
		t.step(what)
	}
}

// replace returns the change of an operator's file, which must not be a symlink:
// that would be replaced by a file of its own.
func (t tree) replace(p string, before, after []byte) (Change, error) {
	info, err := t.lstat(p)
	if err != nil {
		return Change{}, err
	}
	if !info.Mode().IsRegular() {
		return Change{}, fmt.Errorf("%s must be edited, but is not a regular file", p)
	}
	return Change{Path: p, Before: before, After: after, config: true}, nil
}
