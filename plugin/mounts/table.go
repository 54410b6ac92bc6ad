// Package mounts compares what the kernel has mounted in a container with what was judged.
// A path can lead elsewhere by then: whoever can write to a folder on the path can put a
// link there.
//
// A mount is identified by its file system (the device) and by the part of that file system
// that is mounted (the root), as in proc_pid_mountinfo(5). Names play no part.
package mounts

import (
	"bytes"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/moby/sys/mountinfo"
)

// Table has the mounts of a mount namespace, in the kernel's order.
type Table []*mountinfo.Info

// Parse reads a mountinfo file.
func Parse(data []byte) (Table, error) {
	t, err := mountinfo.GetMountsFromReader(bytes.NewReader(data), nil)
	if err != nil {
		return nil, fmt.Errorf("read the mounts: %w", err)
	}
	return t, nil
}

// Below returns the mounts at and below a folder, with the paths that a process with that
// root sees.
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

// Rootfs returns the place of a container's root filesystem, as containerd mounts it; "" if
// the table does not show it.
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
	Root   string // the mounted part of the file system
}

func (id Identity) String() string { return id.Root + " of the file system " + id.Device }

func identity(m *mountinfo.Info) Identity {
	return Identity{Device: device(m), Root: strings.TrimSuffix(m.Root, deleted)}
}

// deleted ends the root of a mount whose file no longer has its name. (No path has two
// slashes.) Something else has taken its place, for example because a program has written
// the file anew.
const deleted = "//deleted"

func device(m *mountinfo.Info) string {
	return strconv.Itoa(m.Major) + ":" + strconv.Itoa(m.Minor)
}

// tree is a table in the form in which paths of its mount namespace are looked up.
type tree struct {
	table Table
	root  *mountinfo.Info
	on    map[place]*mountinfo.Info
}

// place is a point of another mount, which is named by its ID.
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

// at returns what the path shows, without following links. ok is false if the table has no
// root.
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

// holding returns the mount that contains the path, as a walk from the root finds it.
// Mounts that another mount hides do not count.
func (t *tree) holding(p string) *mountinfo.Info {
	cur := t.uppermost(t.root, "/")
	for i := 1; cur != nil && i <= len(p); i++ {
		if i == len(p) || p[i] == '/' {
			cur = t.uppermost(cur, p[:i])
		}
	}
	return cur
}

// uppermost returns the mount that is mounted last at the point of the mount on, one over
// the other; the mount itself if there is none.
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

// under reports whether the path is the folder or is below it, by path component, and
// returns the rest. Both paths must be clean.
func under(dir, p string) (rest string, ok bool) {
	if p == dir {
		return "", true
	}
	return strings.CutPrefix(p, strings.TrimSuffix(dir, "/")+"/")
}
