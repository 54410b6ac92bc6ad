package policy

import "errors"

// Host shows what rules must know about the node. Every method says whether it could see: a
// rule never treats "cannot see" as "does not exist". A Host is used for one evaluation at
// a time; it need not be safe for concurrent use. All paths are the host's.
type Host interface {
	// ResolvePath returns the path with the host's symlinks resolved, as far as the path
	// exists. links are the places of these symlinks, with their own folders resolved. The
	// error is ErrNotVisible if none of the host's files can be seen. Any other error is
	// about this path.
	ResolvePath(path string) (resolved string, links []string, err error)

	// KubeletDir returns the kubelet's root directory; never "".
	KubeletDir() string

	// RuntimeDirs returns the folders in which the container runtime keeps what it makes for
	// pods and containers. The caller may edit the list.
	RuntimeDirs() []string

	// RuntimeSockets returns sockets of the container runtime that the agent knows, in addition to
	// those in the usual places. The caller may edit the list.
	RuntimeSockets() []string

	// Locate returns where the files are that a mount of the path shows: first those at the path,
	// then those of everything that is mounted below it. It resolves no symlinks. The error is
	// ErrNotVisible if the host's mounts cannot be seen.
	Locate(path string) ([]Location, error)

	// RecursiveMountOptions reports whether the kernel has mount options that also apply to
	// mounts below, such as rro (Linux 5.12).
	RecursiveMountOptions() bool

	// CgroupsDelegated reports whether the host's cgroups are version 2 and mounted with
	// nsdelegate, so that limits hold inside a cgroup namespace. If that is not known, it
	// reports false.
	CgroupsDelegated() bool

	// PodVolume reports whether what is mounted at the path is in one of the directories
	// that the kubelet keeps for the pod's volumes. It keeps one for every volume that is
	// not a hostPath, in a folder that is named after the volume's plugin, such as
	// "kubernetes.io~empty-dir". plugin is the folder's name; "" if the path is in none. ok
	// is false if that cannot be seen.
	PodVolume(podUID, path string) (plugin string, ok bool)

	// PodBlockDevice reports whether the block device belongs to one of the volumes that the
	// kubelet has for the pod in volumeDevices. If that cannot be seen, it reports false.
	PodBlockDevice(podUID string, major, minor int64) bool

	// DeviceDriver returns the name under which a driver has the device's number; "" if it
	// is not known, or several drivers have it. A negative minor stands for all devices of
	// the major.
	DeviceDriver(block bool, major, minor int64) string

	// AppArmor returns the state of the kernel's AppArmor. The caller must not edit it.
	AppArmor() AppArmor

	// SeccompDir returns the node's folder of seccomp profiles: the kubelet's; never "".
	SeccompDir() string

	// SeccompProfile reads a file in that folder. file is relative to it. A missing file is
	// an error that matches fs.ErrNotExist. The error is ErrNotVisible if none of the host's
	// files can be seen.
	SeccompProfile(file string) ([]byte, error)

	// SELinux returns the state of the kernel's SELinux.
	SELinux() LSM

	// SELinuxLabel reports whether the kernel's SELinux policy knows the label. It is an
	// error if the kernel cannot be asked.
	SELinuxLabel(label string) (valid bool, err error)
}

// Location is a place in a file system of the host. Every mount of it has the same.
type Location struct {
	Device string // major:minor of the file system
	Root   string // the path in the file system
}

// holds reports whether the other location is this one, or below it.
func (l Location) holds(other Location) bool {
	_, in := under(l.Root, other.Root)
	return in && l.Device == other.Device
}

// ErrNotVisible is the error of a Host that cannot see the host's files.
var ErrNotVisible = errors.New("the host's files cannot be seen")

// DefaultKubeletDir is the kubelet's root directory if nothing else is configured.
const DefaultKubeletDir = "/var/lib/kubelet"

// DefaultRuntimeDirs are the folders of container runtimes in their usual places: the root and
// state folders of containerd, CRI-O's storage and state, and those of the distributions that
// have their own containerd.
func DefaultRuntimeDirs() []string {
	return []string{
		"/run/containerd", "/var/lib/containerd",
		"/run/containers/storage", "/var/lib/containers/storage", "/run/crio",
		"/run/k3s/containerd", "/var/lib/rancher/k3s/agent/containerd", "/var/lib/rancher/rke2/agent/containerd",
		"/run/k0s/containerd", "/var/lib/k0s/containerd",
		"/var/snap/microk8s/common/run/containerd", "/var/snap/microk8s/common/var/lib/containerd",
	}
}

// LSM is the state of a Linux security module.
type LSM int

// The states. The zero value is Unknown: the node could not be asked.
const (
	Unknown LSM = iota
	Disabled
	Enabled
)

// AppArmor is the state of the kernel's AppArmor and the loaded profiles by name. Profiles is
// nil if they cannot be read. The value says whether the profile confines: a profile in mode
// complain or unconfined does not.
type AppArmor struct {
	State    LSM
	Profiles map[string]bool
}

// NoHost is a Host that sees nothing, for specs that are judged away from their node.
type NoHost struct{}

// ResolvePath sees nothing.
func (NoHost) ResolvePath(path string) (resolved string, links []string, err error) {
	return path, nil, ErrNotVisible
}

// KubeletDir returns the default.
func (NoHost) KubeletDir() string { return DefaultKubeletDir }

// RuntimeDirs returns the default folders.
func (NoHost) RuntimeDirs() []string { return DefaultRuntimeDirs() }

// RuntimeSockets returns none.
func (NoHost) RuntimeSockets() []string { return nil }

// Locate sees nothing.
func (NoHost) Locate(string) ([]Location, error) { return nil, ErrNotVisible }

// RecursiveMountOptions returns true: kernels of today have them.
func (NoHost) RecursiveMountOptions() bool { return true }

// CgroupsDelegated sees nothing.
func (NoHost) CgroupsDelegated() bool { return false }

// PodVolume sees nothing.
func (NoHost) PodVolume(string, string) (plugin string, ok bool) { return "", false }

// PodBlockDevice sees nothing.
func (NoHost) PodBlockDevice(string, int64, int64) bool { return false }

// DeviceDriver sees nothing.
func (NoHost) DeviceDriver(bool, int64, int64) string { return "" }

// AppArmor sees nothing.
func (NoHost) AppArmor() AppArmor { return AppArmor{} }

// SeccompDir returns the default folder.
func (NoHost) SeccompDir() string { return DefaultKubeletDir + "/seccomp" }

// SeccompProfile sees nothing.
func (NoHost) SeccompProfile(string) ([]byte, error) { return nil, ErrNotVisible }

// SELinux sees nothing.
func (NoHost) SELinux() LSM { return Unknown }

// SELinuxLabel sees nothing.
func (NoHost) SELinuxLabel(string) (valid bool, err error) { return false, ErrNotVisible }
