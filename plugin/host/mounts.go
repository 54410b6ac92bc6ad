package host

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/specguard/specguard/plugin/mounts"
	"github.com/specguard/specguard/policy"
)

// mount is a line of mountinfo (proc_pid_mountinfo(5)).
type mount struct {
	device string // major:minor
	root   string // what of the file system is mounted
	point  string // where
}

// volumeSource is what a pod's volume shows.
type volumeSource struct {
	mount
	plugin string // that the volume's folder is called by
}

// PodVolume reports whether what is mounted at the path comes from one of the directories
// that the kubelet keeps for the pod's volumes, and returns the plugin that the directory
// is named after. It compares what the kernel says is mounted: the file system and the path
// in it. Names prove nothing, because a hostPath volume can have the name of another
// volume's directory.
func (h *Host) PodVolume(podUID, p string) (plugin string, ok bool) {
	return h.Snapshot().PodVolume(podUID, p)
}

// Locate returns where the files are that a mount of the path shows.
func (h *Host) Locate(p string) ([]policy.Location, error) { return h.Snapshot().Locate(p) }

// volumeSources returns what the directories of the pod's volumes show.
func (h *Host) volumeSources(mounts []mount, podUID string) ([]volumeSource, error) {
	pods, _, err := h.ResolvePath(path.Join(h.kubelet, "pods"))
	if err != nil {
		return nil, err
	}
	volumes, err := volumeRoots(h.at(path.Join(pods, podUID, "volumes")))
	if err != nil {
		return nil, err
	}
	var out []volumeSource
	for _, v := range volumes {
		for _, m := range sources(mounts, v.path) {
			out = append(out, volumeSource{mount: m, plugin: v.plugin})
		}
	}
	return out, nil
}

// volumeRoot is a directory that the kubelet mounts into containers.
type volumeRoot struct{ path, plugin string }

// volumeRoots returns the directories of the volumes: those below each plugin's directory.
func volumeRoots(base string) ([]volumeRoot, error) {
	plugins, err := os.ReadDir(base)
	if err != nil {
		return nil, err
	}
	var out []volumeRoot
	for _, p := range plugins {
		volumes, err := os.ReadDir(filepath.Join(base, p.Name()))
		if err != nil {
			return nil, err
		}
		for _, v := range volumes {
			if v.IsDir() {
				root := policy.VolumeRoot(p.Name(), v.Name())
				out = append(out, volumeRoot{path: filepath.Join(base, root), plugin: p.Name()})
			}
		}
	}
	return out, nil
}

// sources returns what the directory shows: its own part of the file system that contains
// it, and everything mounted on it or below.
func sources(mounts []mount, dir string) []mount {
	var out []mount
	holds := -1
	for i, m := range mounts {
		if within(dir, m.point) {
			out = append(out, m)
		}
		if within(m.point, dir) && (holds < 0 || len(m.point) >= len(mounts[holds].point)) {
			holds = i
		}
	}
	if holds >= 0 {
		m := mounts[holds]
		m.root = path.Join(m.root, strings.TrimPrefix(dir, m.point))
		out = append(out, m)
	}
	return out
}

// mountedAt returns the uppermost mount at the path.
func mountedAt(mounts []mount, p string) (mount, bool) {
	found, ok := mount{}, false
	for _, m := range mounts {
		if m.point == p {
			found, ok = m, true
		}
	}
	return found, ok
}

// Mounts returns the mounts of the node, by the host's paths.
func (h *Host) Mounts() (mounts.Table, error) {
	table, err := readTable(h.mounts)
	return table.Below(h.root), err
}

// MountsOf returns the mounts that a process of the node sees, relative to its root.
func (h *Host) MountsOf(pid uint32) (mounts.Table, error) {
	return readTable(filepath.Join(h.kernel, "proc", strconv.FormatUint(uint64(pid), 10), "mountinfo"))
}

func readTable(file string) (mounts.Table, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return mounts.Parse(data)
}

func readMounts(file string) ([]mount, error) {
	table, err := readTable(file)
	if err != nil {
		return nil, err
	}
	out := make([]mount, len(table))
	for i, m := range table {
		out[i] = mount{device: fmt.Sprintf("%d:%d", m.Major, m.Minor), root: m.Root, point: m.Mountpoint}
	}
	return out, nil
}

// within reports whether the path is the directory or is below it. Both paths must be
// clean.
func within(dir, p string) bool {
	return p == dir || strings.HasPrefix(p, strings.TrimSuffix(dir, "/")+"/")
}
