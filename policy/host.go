package policy

import "errors"

// Host shows what a rule must know of the node. Every method says whether it could see: a rule
// never treats "cannot see" as "does not exist".
type Host interface {
	// ResolvePath returns the path with the host's symlinks followed, as far
	// as the path exists, and the links, each in its real place: no folder that
	// it lies in is a link. The error is ErrNotVisible where none of the host's
	// files can be seen; any other is about this path.
	ResolvePath(path string) (resolved string, links []string, err error)

	// KubeletDir is the kubelet's root directory.
	KubeletDir() string

	// RuntimeDirs are the folders in which the container runtime keeps what it
	// makes for pods and containers.
	RuntimeDirs() []string

	// RecursiveMountOptions reports whether the kernel knows mount options that
	// are for what is mounted below, too, such as rro (Linux 5.12).
	RecursiveMountOptions() bool

	// CgroupsDelegated reports whether the host's cgroups are of version 2 and
	// mounted with nsdelegate, so that a cgroup namespace keeps its limits.
	CgroupsDelegated() bool

	// PodVolume reports whether what is mounted at the path is, or lies in, one
	// of the directories that the kubelet keeps for the pod's volumes: it
	// keeps one for every volume that is not a hostPath, in a folder called by
	// the plugin that made it, such as "kubernetes.io~empty-dir". plugin is the
	// folder's name, "" for none; ok is false where that cannot be told.
	PodVolume(podUID, path string) (plugin string, ok bool)

	// PodBlockDevice reports whether the block device is of one of the volumes that
	// the kubelet has for the pod in volumeDevices.
	PodBlockDevice(podUID string, major, minor int64) bool

	// DeviceDriver gives the name under which a driver has the device's number;
	// "" where it is not known, or several have it. A negative minor stands for all
	// devices of the major.
	DeviceDriver(block bool, major, minor int64) string

	// AppArmor tells about the kernel's AppArmor.
	AppArmor() AppArmor

	// SeccompDir is the node's folder of seccomp profiles, the kubelet's.
	SeccompDir() string

	// SeccompProfile reads a file in that folder.
	SeccompProfile(file string) ([]byte, error)

	// SELinux tells about the kernel's SELinux.
	SELinux() LSM

	// SELinuxLabel reports whether the kernel's SELinux policy knows the label; an
	// error where the kernel cannot be asked.
	SELinuxLabel(label string) (valid bool, err error)
}

// ErrNotVisible is returned by a Host that cannot see the host's files.
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

// NoHost is a Host of which nothing can be seen, as when a spec is judged away
// from its node.
type NoHost struct{}

// ResolvePath sees nothing.
func (NoHost) ResolvePath(path string) (resolved string, links []string, err error) {
	return path, nil, ErrNotVisible
}

// KubeletDir is the default.
func (NoHost) KubeletDir() string { return DefaultKubeletDir }

// RuntimeDirs are the default ones.
func (NoHost) RuntimeDirs() []string { return DefaultRuntimeDirs() }

// RecursiveMountOptions supposes so.
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

// SeccompDir is in the default place of the kubelet's root directory.
func (NoHost) SeccompDir() string { return DefaultKubeletDir + "/seccomp" }

// SeccompProfile sees nothing.
func (NoHost) SeccompProfile(string) ([]byte, error) { return nil, ErrNotVisible }

// SELinux sees nothing.
func (NoHost) SELinux() LSM { return Unknown }

// SELinuxLabel sees nothing.
func (NoHost) SELinuxLabel(string) (valid bool, err error) { return false, ErrNotVisible }
