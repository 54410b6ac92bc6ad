package policy

import (
	"fmt"
	"path"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/specguard/specguard/internal/strict"
)

// MountOptions requires restrictive mount options, such as noexec on writable volumes.
//
// An option counts only if every OCI runtime applies it. If a mount has both nosuid and suid, the
// last one counts; rsuid undoes nosuid too, unless rnosuid follows it. nosuid, nodev, noexec and
// ro apply to the mount itself. rnosuid, rnodev, rnoexec and rro also apply to everything that is
// mounted below it, as a hostPath can have. They need Linux 5.12 and a runtime that knows them,
// such as runc 1.1. A runtime that does not know them, such as gVisor, ignores them, and runc
// ignores them for mounts that are not bind mounts. So they count only together with the plain
// form. The exception is rro on a bind mount, because recursiveReadOnly of Kubernetes sets only
// rro, if the runtime supports it.
//
// The rule never applies to the root filesystem, or to file systems of the kernel that the
// runtime mounts, such as /proc. To select /dev, use the type dev; a path does not select it.
//
// noexec prevents running a file and mapping it as executable, even through the dynamic linker.
// It does not keep a process from executing memory of its own (memfd_create(2)).
//
// Reads: mounts (OCI runtime spec, config.md, "Mounts" and "Linux mount options").
// Adjusts: adds the options, recursive ones in both forms, and removes options that undo them. If
// a bind mount gets any option, the runtime drops the options of the host's own mount, such as
// nodev. So require all options that you need.
// Source: mount(8), mount_setattr(2); runc, libcontainer/specconv; Kubernetes
// volumeMounts.bindMountOptions (alpha in 1.37), with which pods can ask for nosuid, nodev and
// noexec themselves.
// Example: {onViolation: adjust, require: [{volumeTypes: [emptyDir, shm, tmpfs], options: [nosuid, nodev, noexec]}, {paths: ["/data/**"], options: [ro]}]}
type MountOptions struct {
	Base `yaml:",inline"`

	// Require lists which mounts must have which options. It is required. A mount that several
	// entries select must have the options of all of them.
	Require []RequiredOptions `yaml:"require"`
}

// RequiredOptions are options that the selected mounts must have.
type RequiredOptions struct {
	// VolumeTypes selects by the type of the volume, as in rule volumeTypes. There are five more
	// types: shm is /dev/shm, unless it is a volume; tmpfs is a tmpfs that is neither a volume nor
	// /dev; dev is the tmpfs at /dev with the container's device nodes, for which nodev cannot be
	// required; anonymous is a volume that the image declares with VOLUME; runtimeFile is a file
	// that the kubelet or the runtime makes for every container, such as the termination log and
	// /etc/hosts. A mount of unknown type counts as every type. At least one of volumeTypes and
	// paths is required; with both, a mount must match both.
	// Default: any type.
	VolumeTypes []MountType `yaml:"volumeTypes"`

	// Paths are globs for the path in the container, beginning with a slash. ** crosses
	// slashes, and /data/** also matches /data. Links in the image are not followed. They
	// select files of the runtime too, such as /etc/hosts.
	// Default: any path.
	Paths []Glob `yaml:"paths"`

	// Options are the options that these mounts must have.
	Options []MountOption `yaml:"options"`
}

// MountType is a volume type, or anonymous, dev, runtimeFile, shm or tmpfs.
type MountType VolumeType

// UnmarshalText reads the name of a type; an unknown one is an error that names
// the known ones.
func (t *MountType) UnmarshalText(text []byte) error {
	if err := claimed(string(text)); err != nil {
		return err
	}
	return oneOf(t, text, mountTypes()...)
}

// JSONSchema lists the types.
func (MountType) JSONSchema() map[string]any {
	return strict.Named("mount type", strict.Enum(mountTypes()...))
}

func mountTypes() []MountType {
	out := []MountType{
		MountType(anonymousVolume), MountType(deviceTmpfs), MountType(runtimeFile), MountType(sharedMemory), MountType(tmpfsMount),
	}
	for _, v := range volumeTypes() {
		out = append(out, MountType(v))
	}
	return out
}

// JSONSchema says what Validate requires.
func (RequiredOptions) JSONSchema() map[string]any {
	return map[string]any{
		"required": []string{"options"},
		"anyOf":    []any{strict.Required("volumeTypes"), strict.Required("paths")},
		"properties": map[string]any{
			"volumeTypes": strict.NotEmpty(), "options": strict.NotEmpty(),
			"paths": map[string]any{"minItems": 1, "items": map[string]any{"pattern": "^/"}},
		},
	}
}

// Validate requires options, something that selects, and paths that can match.
func (r *RequiredOptions) Validate() error {
	switch {
	case len(r.Options) == 0:
		return strict.Field("options", "is missing or empty")
	case r.VolumeTypes == nil && r.Paths == nil:
		return fmt.Errorf("needs volumeTypes or paths")
	case r.VolumeTypes != nil && len(r.VolumeTypes) == 0:
		return strict.Field("volumeTypes", "is an empty list; leave it out to select all")
	case r.Paths != nil && len(r.Paths) == 0:
		return strict.Field("paths", "is an empty list; leave it out to select all")
	case slices.Contains(r.VolumeTypes, MountType(deviceTmpfs)) &&
		slices.ContainsFunc(r.Options, func(o MountOption) bool { return o.Plain() == "nodev" }):
		return strict.Field("options", "nodev would make the devices in dev useless (allowed: nosuid, noexec, ro)")
	}
	for _, p := range r.Paths {
		if !path.IsAbs(string(p)) || path.Clean(string(p)) != string(p) {
			return strict.Field("paths", "%q matches nothing (allowed: an absolute path without \"..\", \"//\" or a slash at its end)", p)
		}
		if part, wrong := notPaths(p); wrong {
			return strict.Field("paths", "%q matches nothing (allowed: an absolute path without \"..\", \"//\" or a slash at its end)", part)
		}
		if p == "/" {
			return strict.Field("paths", "/ matches nothing: the rule never applies to the root filesystem (see rule readOnlyRootFilesystem)")
		}
	}
	return nil
}

// Warnings tells of paths that select less than they seem to.
func (r *RequiredOptions) Warnings() []error {
	var out []error
	for i, p := range r.Paths {
		if slices.Contains([]Glob{"/proc", "/sys", "/dev"}, p) {
			out = append(out, strict.Entry("paths", i, "%s selects nothing: the rule never applies to file systems of the kernel (for /dev, use "+
				"the type dev)", p))
		}
		if doubt := doubtFolders(string(p)); doubt != nil {
			out = append(out, strict.Entry("paths", i, "%s", doubt))
		}
	}
	return out
}

// Validate requires something to require.
func (r *MountOptions) Validate() error {
	if len(r.Require) == 0 {
		return strict.Field("require", "is missing or empty")
	}
	return nil
}

// Check finds mounts without options that they must have.
func (r *MountOptions) Check(s *Subject) []Finding {
	var out []Finding
	for i := range s.Spec.Mounts {
		m := &s.Spec.Mounts[i]
		if missing := r.missing(s, m); len(missing) > 0 {
			out = append(out, Finding{Found: fmt.Sprintf("%s is not mounted %s", s.volumeName(m), joined(missing))})
		}
	}
	return out
}

// Adjust adds them.
func (r *MountOptions) Adjust(s *Subject) []string {
	var done []string
	for i := range s.Spec.Mounts {
		m := &s.Spec.Mounts[i]
		missing := r.missing(s, m)
		for _, o := range missing {
			o.put(m)
		}
		if len(missing) > 0 {
			done = append(done, fmt.Sprintf("mounted %s %s", s.volumeName(m), joined(missing)))
		}
	}
	return done
}

// missing are the options that the mount must have and has not.
func (r *MountOptions) missing(s *Subject, m *specs.Mount) []MountOption {
	var out []MountOption
	for i := range r.Require {
		if s.ended() {
			return nil
		}
		if !r.Require[i].selects(s, m) {
			continue
		}
		for _, o := range r.Require[i].Options {
			if !o.in(m) && !slices.Contains(out, o) {
				out = append(out, o)
			}
		}
	}
	return out
}

func (r *RequiredOptions) selects(s *Subject, m *specs.Mount) bool {
	if isPseudo(m) && pseudoVolume(m) == noVolume || r.Paths != nil && !matchAny(r.Paths, mountPoint(m)) {
		return false
	}
	volume := s.origin(m).volume
	named := slices.Contains(r.VolumeTypes, MountType(volume))
	return named || volume == unknownVolume || r.VolumeTypes == nil && volume != deviceTmpfs
}
