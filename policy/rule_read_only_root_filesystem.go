package policy

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/strict"
)

// ReadOnlyRootFilesystem requires a read-only root filesystem. Mounted volumes may be writable.
//
// Reads: root.readonly (OCI runtime spec, config.md, "Root").
// Adjusts: sets it, and mounts an empty tmpfs on each of writablePaths, with the options that
// rule mountOptions of any policy in force requires there. The tmpfs hides what the image has
// there. If another mount covers the path, the rule adds no tmpfs. If several policies adjust,
// all their writablePaths are mounted; for a path that several of them have, the smallest size
// counts. If a path is a file in the image, which the rule cannot see, the container does not
// start: the OCI runtime reports that the path is not a directory.
// Source: Kubernetes securityContext.readOnlyRootFilesystem; tmpfs(5).
// Example: {onViolation: adjust, writablePaths: [/tmp, /run], writableSize: 16Mi}
type ReadOnlyRootFilesystem struct {
	Base `yaml:",inline"`

	// WritablePaths lists paths that stay writable when adjusting makes the root filesystem
	// read-only: each gets an empty tmpfs (nosuid, nodev).
	// Default: none.
	WritablePaths []absPath `yaml:"writablePaths"`

	// WritableSize is the maximum size of each tmpfs, in bytes. Files in it count towards the
	// container's memory.
	// Default: 64Mi.
	WritableSize Quantity `yaml:"writableSize"`

	force force[*ReadOnlyRootFilesystem] // with those of other policies, while it adjusts
}

// defaultWritableSize is 64Mi.
const defaultWritableSize Quantity = 64 << 20

// Validate rejects paths that the kernel's filesystems are mounted on.
func (r *ReadOnlyRootFilesystem) Validate() error {
	for _, p := range r.WritablePaths {
		if p == "/" || underAny(string(p), []string{"/proc", "/sys", "/dev"}) {
			return strict.Field("writablePaths", "%s cannot be used (allowed: paths other than / and not at or below /proc, /sys, /dev)", p)
		}
	}
	return nil
}

// Warnings tells of writable paths that nothing mounts.
func (r *ReadOnlyRootFilesystem) Warnings() []error {
	switch {
	case len(r.WritablePaths) > 0 && r.Action() != Adjust:
		return []error{strict.Field("writablePaths", withoutAdjust)}
	case r.WritableSize > 0 && r.Action() != Adjust:
		return []error{strict.Field("writableSize", withoutAdjust)}
	case r.WritableSize > 0 && len(r.WritablePaths) == 0:
		return []error{strict.Field("writableSize", "has no effect without writablePaths")}
	case r.WritableSize > 0 && r.WritableSize < leastMemory:
		return []error{strict.Field("writableSize", "%s is less than a file needs (write a unit, such as Mi)", r.WritableSize)}
	}
	return nil
}

// Check finds a root filesystem that can be written to.
func (*ReadOnlyRootFilesystem) Check(s *Subject) []Finding {
	if s.Spec.Root != nil && s.Spec.Root.Readonly {
		return nil
	}
	return []Finding{{Found: "root filesystem is writable", Fix: "set securityContext.readOnlyRootFilesystem: true"}}
}

// Adjust makes the root filesystem read-only and adds the writable paths.
func (r *ReadOnlyRootFilesystem) Adjust(s *Subject) []string {
	if s.Spec.Root == nil {
		return nil
	}
	s.Spec.Root.Readonly = true
	changes := []string{"made the root filesystem read-only"}
	sizes := r.sizes()
	if add := missingPaths(sizes, s.Spec.Mounts); len(add) > 0 {
		s.Spec.Mounts = slices.Insert(s.Spec.Mounts, place(s.Spec.Mounts, add), writableMounts(add, sizes, s.Spec.Process)...)
		s.placed = append(s.placed, add...)
		changes = append(changes, "mounted tmpfs on "+few(add))
	}
	return changes
}

// unite adds the writable paths of the other rules.
func (r *ReadOnlyRootFilesystem) unite(priority int, others []peer) Rule {
	united := *r
	united.force = forceOf(r, priority, others)
	return &united
}

// sizes are the writable paths and their sizes.
func (r *ReadOnlyRootFilesystem) sizes() map[string]Quantity {
	out := make(map[string]Quantity)
	for _, m := range r.force.or(r) {
		rule := m.rule
		if rule.Action() != Adjust {
			continue
		}
		size := rule.WritableSize
		if size == 0 {
			size = defaultWritableSize
		}
		for _, p := range rule.WritablePaths {
			if least, ok := out[string(p)]; !ok || size < least {
				out[string(p)] = size
			}
		}
	}
	return out
}

// missingPaths are the writable paths that lie in the root filesystem, folders
// before what is below them, which needs no filesystem of its own.
func missingPaths(sizes map[string]Quantity, mounts []specs.Mount) []string {
	var taken []string
	for i := range mounts {
		if d := path.Clean(mounts[i].Destination); d != "/" {
			taken = append(taken, d)
		}
	}
	return uncovered(slices.Sorted(maps.Keys(sizes)), taken)
}

// writableMounts makes the tmpfs mounts. They belong to the process's user: runc before
// 1.2 gives a tmpfs the mode of the image's folder, whatever the options say,
// and so only its owner may be able to write.
func writableMounts(paths []string, sizes map[string]Quantity, process *specs.Process) []specs.Mount {
	out := make([]specs.Mount, len(paths))
	for i, p := range paths {
		kib := (int64(sizes[p])-1)/1024 + 1 // never 0, which would be no bound
		options := []string{"nosuid", "nodev", "mode=1777", fmt.Sprintf("size=%dk", kib)}
		if process != nil && process.User.UID != 0 {
			options = append(options, fmt.Sprintf("uid=%d", process.User.UID), fmt.Sprintf("gid=%d", process.User.GID))
		}
		out[i] = specs.Mount{Destination: p, Type: "tmpfs", Source: "tmpfs", Options: options}
	}
	return out
}

// place is the index at which to insert mounts on those paths: before the
// first bind mount and before whatever lies below one of the paths, so that
// nothing gets hidden. Links in the image may lead from one to the other (from
// /var/run to /run), hence before every bind mount.
func place(mounts []specs.Mount, paths []string) int {
	i := slices.IndexFunc(mounts, func(m specs.Mount) bool {
		return isBind(&m) || underAny(m.Destination, paths)
	})
	if i < 0 {
		return len(mounts)
	}
	return i
}

// isBind reports whether the mount is a bind mount; its options count, not its
// type.
func isBind(m *specs.Mount) bool {
	return m.Type == "bind" || slices.Contains(m.Options, "bind") || slices.Contains(m.Options, "rbind")
}
