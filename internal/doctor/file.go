package doctor

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"

	"github.com/specguard/specguard/internal/hostfile"
)

// files are the files of the host, or those in the agent's own root.
type files struct {
	hostfile.Tree

	owner uint32 // who may own what root alone may change: root, but for tests
}

// loose returns why others than root can change or replace the file: it or a folder above it
// belongs to another user or is writable by others. It returns "" if they cannot.
func (f files) loose(p string) (string, error) {
	place, resolved, err := f.At(p)
	if err != nil {
		return "", err
	}
	for ; ; place, resolved = filepath.Dir(place), path.Dir(resolved) {
		info, err := os.Stat(place)
		if err != nil {
			return "", hostfile.Named(resolved, err)
		}
		if why := f.looseItself(info); why != "" {
			return resolved + " " + why, nil
		}
		if resolved == "/" {
			return "", nil
		}
	}
}

func (f files) looseItself(info fs.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "has no known owner"
	}
	if stat.Uid == f.owner {
		return looseMode(info.Mode(), 0, stat.Gid)
	}
	return looseMode(info.Mode(), stat.Uid, stat.Gid)
}

// looseMode returns who else can change a file with that mode, user and group.
func looseMode(mode fs.FileMode, uid, gid uint32) string {
	switch perm := mode.Perm(); {
	case uid != 0:
		return fmt.Sprintf("belongs to user %d", uid)
	case mode.IsDir() && mode&fs.ModeSticky != 0: // others can add files, and neither remove nor rename those that are there
		return ""
	case perm&0o002 != 0:
		return fmt.Sprintf("can be written by others (mode %04o)", perm)
	case perm&0o020 != 0 && gid != 0:
		return fmt.Sprintf("can be written by group %d (mode %04o)", gid, perm)
	default:
		return ""
	}
}

// executable returns an error if the path is not a program.
func (f files) executable(p string) error {
	info, err := f.Stat(p)
	if err == nil && (!info.Mode().IsRegular() || info.Mode()&0o111 == 0) {
		err = &fs.PathError{Op: "run", Path: p, Err: syscall.EACCES}
	}
	return err
}
