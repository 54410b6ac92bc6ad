package policy

import (
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/strict"
)

// VolumeTypes limits the types of volumes that a container mounts. The rule recognizes the type
// by where the kubelet or the container runtime keeps a volume. Any other mount counts as a
// hostPath, even if an NRI plugin has added it. Either allow hostPath here and limit the paths
// with rule hostPaths, or do not allow it.
//
// The rule sees a volume as it is on the node. A persistentVolumeClaim or an ephemeral volume has
// the type of the volume to which it is bound. So csi allows all volumes of CSI drivers, through
// a claim or inline. A claim that is bound to a hostPath volume is a hostPath. For volumes that a
// container uses as block devices (volumeDevices), see rule devices.
//
// The hosts file, the termination log, /dev/shm, a tmpfs and similar mounts are not volumes,
// and neither is what the image declares with VOLUME.
//
// Reads: mounts (OCI runtime spec, config.md, "Mounts").
// Adjusts: removes the mount, unless the container can write to it (Remove), or it is inside
// another mount: removing it could uncover files of that mount. If no shared mount is left, the
// root filesystem becomes a slave: the runtime made it shared only for that mount.
// Source: Kubernetes pkg/volume; Pod Security Standards, Restricted, "Volume Types", and
// Baseline, "HostPath Volumes".
// Example: {allowed: [configMap, csi, downwardAPI, emptyDir, image, projected, secret]}
type VolumeTypes struct {
	Base `yaml:",inline"`

	// Allowed lists the allowed types, by their names in the Kubernetes API. unknown is a type
	// that cannot be determined: an unknown plugin, a file system that is not mounted from a
	// path, a subPath of a volume that cannot be found out. An empty list allows no volumes. It
	// is required.
	Allowed []VolumeType `yaml:"allowed"`

	// Remove says which mounts the rule removes, with onViolation: adjust. It denies the
	// container because of the others.
	// Default: readOnly.
	Remove Removal `yaml:"remove"`
}

// Validate requires a list.
func (v *VolumeTypes) Validate() error {
	if v.Allowed == nil {
		return strict.Field("allowed", "is missing; [] allows no volumes")
	}
	others := func(t VolumeType) bool { return !slices.Contains(v.Allowed, t) }
	if v.Action() != Ignore && !slices.ContainsFunc(volumeTypes(), others) {
		return strict.Field("allowed", "has every type: %s", checksNothing)
	}
	return v.Remove.validate(v.Action())
}

// Check finds volumes of types that are not allowed.
func (v *VolumeTypes) Check(s *Subject) []Finding {
	others := v.others(s)
	if len(others) == 0 {
		return nil
	}
	var r removal
	if v.Action() == Adjust {
		r = v.removal(s, others)
	}
	var found []string
	for _, at := range others {
		found = append(found, s.volumeName(&s.Spec.Mounts[at])+r.note(at))
	}
	return []Finding{listing("", found, " not allowed").with(listOrNone(v.Allowed), "use volumes of the allowed types")}
}

// Adjust removes them. One that lies in a mount which stays is kept, and denied.
func (v *VolumeTypes) Adjust(s *Subject) []string {
	removed := v.removal(s, v.others(s)).removed
	var done []string
	for i := range s.Spec.Mounts {
		if removed[i] {
			done = append(done, "removed "+s.volumeName(&s.Spec.Mounts[i]))
		}
	}
	done = append(done, s.removeMounts(removed)...)
	if len(done) > 0 && unshareRoot(s.Spec) {
		done = append(done, "lowered the propagation of the root filesystem")
	}
	return done
}

// removal is what becomes of those mounts. Any other mount may have files that they hide.
func (v *VolumeTypes) removal(s *Subject, others []int) removal {
	keep := func(i int) (string, bool) { return v.Remove.keeps(s, &s.Spec.Mounts[i]) }
	return s.removal(others, keep, func(int) bool { return true })
}

// others are the mounts of volumes that are not allowed, by index.
func (v *VolumeTypes) others(s *Subject) []int {
	var out []int
	for i := range s.Spec.Mounts {
		volume := s.origin(&s.Spec.Mounts[i]).volume
		if volume.ofPod() && !slices.Contains(v.Allowed, volume) {
			out = append(out, i)
		}
	}
	return out
}

// volumeName describes the mount in a message.
func (s *Subject) volumeName(m *specs.Mount) string {
	name := string(s.origin(m).volume)
	switch VolumeType(name) {
	case noVolume, runtimeFile:
		name = "mount"
	case unknownVolume:
		name = "volume of unknown type"
	}
	return name + " at " + m.Destination
}
