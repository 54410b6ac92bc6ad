// Package mounts compares what the kernel has mounted in a container with what
// was judged. Between the two a path can lead elsewhere: whoever can write to a
// folder on its way can put a link there.
//
// A mount is known by its file system (the device) and by what of that is
// mounted (the root), as proc_pid_mountinfo(5) has them. Names play no part.
package mounts

import (
	"bytes"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/moby/sys/mountinfo"
)

// Table is the mounts of a mount namespace, in the kernel's order.
type Table []*mountinfo.Info

// Parse reads a mountinfo file.
func Parse(data []byte) (Table, error) {
	t, err := mountinfo.GetMountsFromReader(bytes.NewReader(data), nil)
	if err != nil {
		return nil, fmt.Errorf("read the mounts: %w", err)
	}
	return t, nil
}

// Below is the part of the table at and below a folder, as a process sees it
// whose root that is.
func (t Table) Below(root string) Table {
	var out Table
	for _, m := range t {
		rest, ok := under(root, m.Mountpoint)
		if !ok {
			continue
		}
		seen := *m
		seen.Mountpoint = path.Join("/", rest)
		out = append(out, &seen)
	}
	return out
}

// Rootfs is where the root filesystem of a container is, as containerd mounts
// it; "" where the table does not show it.
func (t Table) Rootfs(id string) string {
	for _, m := range t {
		if strings.HasSuffix(m.Mountpoint, "/"+id+"/rootfs") {
			return m.Mountpoint
		}
	}
	return ""
}

// Identity is what a mount shows.
type Identity struct {
	Device string // major:minor of the file system
	Root   string // what of the file system
}

func (id Identity) String() string { return id.Root + " of the file system " + id.Device }

func identity(m *mountinfo.Info) Identity {
	return Identity{Device: device(m), Root: strings.TrimSuffix(m.Root, deleted)}
}

// deleted marks what no longer is there under its name (no path has two
// slashes): it was, and something else has taken its place, as programs do that
// write a file anew.
const deleted = "//deleted"

func device(m *mountinfo.Info) string {
	return strconv.Itoa(m.Major) + ":" + strconv.Itoa(m.Minor)
}

// tree is a table as the paths of its mount namespace go through it.
type tree struct {
	table Table
	root  *mountinfo.Info
	on    map[place]*mountinfo.Info
}

// place is where something is mounted: at a point of another mount, by its id.
type place struct {
	mount int
	point string
}

func newTree(t Table) *tree {
	out := &tree{table: t, on: make(map[place]*mountinfo.Info, len(t))}
	ids := make(map[int]bool, len(t))
	for _, m := range t {
		ids[m.ID] = true
		out.on[place{m.Parent, m.Mountpoint}] = m
	}
	for _, m := range t {
		if m.Mountpoint == "/" && (m.Parent == m.ID || !ids[m.Parent]) {
			out.root = m
			break
		}
	}
	return out
}

// at is what the path shows, in which no link is followed. ok is false for a
// table without a root.
func (t *tree) at(p string) (id Identity, ok bool) {
	m := t.holding(p)
	if m == nil {
		return Identity{}, false
	}
	rest, _ := under(m.Mountpoint, p)
	id = identity(m)
	id.Root = path.Join(id.Root, rest)
	return id, true
}

// holding is the mount in which the path lies, as a walk from the root finds it:
// what another mount hides does not count.
func (t *tree) holding(p string) *mountinfo.Info {
	cur := t.uppermost(t.root, "/")
	for i := 1; cur != nil && i <= len(p); i++ {
		if i == len(p) || p[i] == '/' {
			cur = t.uppermost(cur, p[:i])
		}
	}
	return cur
}

// uppermost is what is mounted on the mount at the point, and on that, and so
// on; the mount itself where nothing is.
func (t *tree) uppermost(on *mountinfo.Info, point string) *mountinfo.Info {
	for range t.table {
		if on == nil {
			break
		}
		above := t.on[place{on.ID, point}]
		if above == nil || above == on {
			break
		}
		on = above
	}
	return on
}

// under reports whether the path is the folder or lies below it, by component,
// and gives the rest. Both are clean.
func under(dir, p string) (rest string, ok bool) {
	if p == dir {
		return "", true
	}
	return strings.CutPrefix(p, strings.TrimSuffix(dir, "/")+"/")
}
