package host

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/specguard/specguard/policy"
)

// AppArmor asks the kernel. It reads the profiles again only when the kernel's policy has a
// new revision.
func (h *Host) AppArmor() policy.AppArmor {
	out := policy.AppArmor{State: h.appArmorState()}
	if out.State != policy.Enabled {
		return out
	}
	dir := filepath.Join(h.kernel, "sys/kernel/security/apparmor")
	revision := readRevision(filepath.Join(dir, "revision"))
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.profiles == nil || revision == "" || revision != h.revision {
		h.profiles, h.revision = readProfiles(filepath.Join(dir, "profiles")), revision
	}
	out.Profiles = maps.Clone(h.profiles)
	return out
}

func (h *Host) appArmorState() policy.LSM {
	sys := filepath.Join(h.kernel, "sys/module")
	switch data, err := os.ReadFile(filepath.Join(sys, "apparmor/parameters/enabled")); {
	case err == nil && strings.TrimSpace(string(data)) == "Y":
		return policy.Enabled
	case err == nil && strings.TrimSpace(string(data)) == "N":
		return policy.Disabled
	case errors.Is(err, fs.ErrNotExist) && hasEntries(sys):
		return policy.Disabled
	default:
		return policy.Unknown
	}
}

// hasEntries reports whether the directory exists and is in use. It is missing or empty if
// sysfs is not mounted.
func hasEntries(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) > 0
}

// readRevision reads the revision of AppArmor's policy; "" if it cannot be read. If nothing
// was ever loaded, a plain read would block until the next change (Linux,
// security/apparmor/apparmorfs.c).
func readRevision(file string) string {
	fd, err := unix.Open(file, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	buf := make([]byte, 32)
	n, err := unix.Read(fd, buf)
	if err != nil || n <= 0 {
		return ""
	}
	return string(buf[:n])
}

// readProfiles reads the loaded profiles, and whether they confine, from lines such as
// "cri-containerd.apparmor.d (enforce)"; nil if they cannot be read.
func readProfiles(file string) map[string]bool {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	out := make(map[string]bool)
	for line := range strings.Lines(string(data)) {
		if at := strings.LastIndex(line, " ("); at > 0 {
			mode := strings.TrimSpace(line[at:])
			out[line[:at]] = mode != "(complain)" && mode != "(unconfined)"
		}
	}
	return out
}

// SELinux asks the kernel. It knows the file system selinuxfs only if SELinux is on.
func (h *Host) SELinux() policy.LSM {
	if _, err := os.Stat(filepath.Join(h.kernel, "sys/fs/selinux/enforce")); err == nil {
		return policy.Enabled
	}
	data, err := os.ReadFile(filepath.Join(h.kernel, "proc/filesystems"))
	switch {
	case err != nil || len(data) == 0:
		return policy.Unknown
	case slices.Contains(strings.Fields(string(data)), "selinuxfs"):
		return policy.Enabled
	default:
		return policy.Disabled
	}
}

// SELinuxLabel writes the label to selinuxfs. Every process whose domain may check labels
// can do that (Linux, security/selinux/selinuxfs.c); root needs no capability for it.
func (h *Host) SELinuxLabel(label string) (valid bool, err error) {
	file := filepath.Join(h.kernel, "sys/fs/selinux/context")
	fd, err := unix.Open(file, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return false, &fs.PathError{Op: "open", Path: file, Err: err}
	}
	defer unix.Close(fd)
	switch _, err := unix.Write(fd, []byte(label)); {
	case errors.Is(err, unix.EINVAL):
		return false, nil
	case err != nil:
		return false, &fs.PathError{Op: "write", Path: file, Err: err}
	default:
		return true, nil
	}
}
