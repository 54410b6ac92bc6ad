package host

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/specguard/specguard/plugin/mounts"
)

// misc is the major number that small drivers share. Each has its own minor.
const misc = 10

// DeviceDriver looks in the kernel's tables of drivers, which are the same in every
// namespace (proc_devices(5), proc_misc(5)).
func (h *Host) DeviceDriver(block bool, major, minor int64) string {
	if !block && major == misc {
		return driver(h.readProc("misc"), minor)
	}
	characters, blocks, _ := strings.Cut(h.readProc("devices"), "Block devices:")
	if block {
		return driver(blocks, major)
	}
	return driver(characters, major)
}

// driver returns the name in the line with that number; "" if there is none, or several.
func driver(table string, number int64) string {
	name := ""
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) != 2 || fields[0] != strconv.FormatInt(number, 10) {
			continue
		}
		if name != "" {
			return ""
		}
		name = fields[1]
	}
	return name
}

func (h *Host) readProc(name string) string {
	data, err := os.ReadFile(filepath.Join(h.kernel, "proc", name))
	if err != nil {
		return ""
	}
	return string(data)
}

// PodBlockDevice looks at what the kubelet has put into the pod's folder volumeDevices: for
// each volume one file, in a folder for its plugin, which is the device or a link to it.
func (h *Host) PodBlockDevice(podUID string, major, minor int64) bool {
	if h.root == "" || !namesFolder(podUID) {
		return false
	}
	pod, _, err := h.ResolvePath(path.Join(h.kubelet, "pods", podUID, "volumeDevices"))
	if err != nil {
		return false
	}
	plugins, err := os.ReadDir(h.at(pod))
	if err != nil {
		return false
	}
	for _, plugin := range plugins {
		volumes, err := os.ReadDir(h.at(path.Join(pod, plugin.Name())))
		if err != nil {
			continue
		}
		for _, v := range volumes {
			if h.isBlockDevice(path.Join(pod, plugin.Name(), v.Name()), major, minor) {
				return true
			}
		}
	}
	return false
}

// namesFolder reports whether the UID of a pod can be the name of a folder of the kubelet.
// The caller of CRI chooses the UID.
func namesFolder(podUID string) bool {
	return podUID != "" && podUID != "." && podUID != ".." && !strings.Contains(podUID, "/")
}

// isBlockDevice reports whether the host's file is that block device.
func (h *Host) isBlockDevice(file string, major, minor int64) bool {
	real, _, err := h.ResolvePath(file)
	if err != nil {
		return false
	}
	var st unix.Stat_t
	return unix.Stat(h.at(real), &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFBLK &&
		int64(unix.Major(st.Rdev)) == major && int64(unix.Minor(st.Rdev)) == minor
}

// CgroupsDelegated reads how the host's cgroups are mounted. nsdelegate is an option of the
// file system, so it is the same wherever that is mounted.
func (h *Host) CgroupsDelegated() bool {
	table, err := readTable(h.mounts)
	return err == nil && delegated(table)
}

// delegated reports whether /sys/fs/cgroup, of this process or of the host below its root,
// is version 2 with nsdelegate, and no controller is version 1.
func delegated(table mounts.Table) bool {
	found := false
	for _, m := range table {
		switch m.FSType {
		case "cgroup":
			return false
		case "cgroup2":
			if !slices.Contains(strings.Split(m.VFSOptions, ","), "nsdelegate") {
				return false
			}
			found = true
		}
	}
	return found
}
