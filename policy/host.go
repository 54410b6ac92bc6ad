package policy

// Host tells what a rule has to know of the node. Every method says whether it
// could see: a rule never takes "cannot see" for "is not there".
type Host interface {
	// ResolvePath returns the path with the host's symlinks followed, as far
	// as the path exists. ok is false where the host's files cannot be seen.
	ResolvePath(path string) (resolved string, ok bool)

	// PodVolume tells whether the kubelet keeps a directory for that volume
	// of that pod: it does for every volume that is not a hostPath.
	PodVolume(podUID, volume string) (exists, ok bool)

	// AppArmor tells about the kernel's AppArmor.
	AppArmor() AppArmor

	// SELinux tells about the kernel's SELinux.
	SELinux() LSM
}

// LSM is the state of a Linux security module.
type LSM int

// The states. The zero value is Unknown: the node could not be asked.
const (
	Unknown LSM = iota
	Disabled
	Enabled
)

// AppArmor is the state of the kernel's AppArmor and the names of the loaded
// profiles; Profiles is nil where they cannot be read.
type AppArmor struct {
	State    LSM
	Profiles map[string]bool
}

// NoHost is a Host of which nothing can be seen, as when a spec is judged away
// from its node.
type NoHost struct{}

// ResolvePath sees nothing.
func (NoHost) ResolvePath(path string) (string, bool) { return path, false }

// PodVolume sees nothing.
func (NoHost) PodVolume(string, string) (bool, bool) { return false, false }

// AppArmor sees nothing.
func (NoHost) AppArmor() AppArmor { return AppArmor{} }

// SELinux sees nothing.
func (NoHost) SELinux() LSM { return Unknown }
