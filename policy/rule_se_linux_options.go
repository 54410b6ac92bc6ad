package policy

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/specguard/specguard/internal/globs"
	"github.com/specguard/specguard/internal/strict"
)

// SELinuxOptions limits the SELinux labels of the container's process and of its files.
//
// On a node whose kernel has no SELinux, a container without a label complies, unless the rule
// requires SELinux. If the agent can ask the kernel, a label that its SELinux policy does not
// know breaks the rule.
//
// Reads: process.selinuxLabel and linux.mountLabel (OCI runtime spec, config.md, "Linux
// Process"; config-linux.md, "Mount Label").
// Adjusts: replaces the parts of the process's label that are not allowed, and labels an
// unlabelled process if a type is given. But the runtime has already labelled the container's
// files, and they keep their labels: /dev/shm, /etc/hosts and similar files, volumes to relabel,
// and, except with the opener containerd, the root filesystem. The process must be able to use
// them. So the rule replaces a level only if it has no categories (s0): categories separate
// containers from each other. It sets a user only if the files have that user, because otherwise
// the process could not create files among them. In all other cases a container whose level or
// user is not allowed is denied: set them in securityContext, so that the runtime labels
// everything with them. An unlabelled process without a mount label is denied too, because
// nothing is known about its files (containerd without enable_selinux; CRI-O in the host's PID or
// IPC namespace). If several policies apply a part of the label, they apply one that all of them allow,
// as in rule appArmorProfile.
// Source: Pod Security Standards, Baseline, "SELinux"; Project Atomic's container-selinux for
// the forms of a container's labels.
// Example: {onViolation: adjust, type: container_t}
type SELinuxOptions struct {
	Base `yaml:",inline"`

	// AllowedUsers lists patterns of users that the process's label may have. Here and in the
	// other lists, "" also allows a process without a label.
	// Default: the user to apply; without one, any.
	AllowedUsers []Glob `yaml:"allowedUsers"`

	// AllowedRoles lists patterns of roles that the process's label may have.
	// Default: the role to apply; without one, any.
	AllowedRoles []Glob `yaml:"allowedRoles"`

	// AllowedTypes lists patterns of types that the process's label may have.
	// Default: the type to apply; without one, any.
	AllowedTypes []Glob `yaml:"allowedTypes"`

	// AllowedLevels lists patterns of levels that the process's label may have.
	// Default: the level to apply; without one, any.
	AllowedLevels []Glob `yaml:"allowedLevels"`

	// User replaces a user that is not allowed, if the container's files have that user.
	User seName `yaml:"user"`

	// Role replaces a role that is not allowed.
	Role seName `yaml:"role"`

	// Type replaces a type that is not allowed. It is also used to label a process that has no
	// label. That works only if the container has a mount label.
	Type seName `yaml:"type"`

	// Level replaces a level that is not allowed, but only one without categories (s0), because a
	// process with any level can use files with such a level.
	Level seLevel `yaml:"level"`

	// Required: the container is denied on a node whose kernel has no SELinux.
	Required bool `yaml:"required"`

	force force[*SELinuxOptions] // with those of other policies, while it adjusts
}

// sePart is one of the four parts of a label and what the rule says of it.
type sePart struct {
	name    string
	allowed []Glob // nil: anything
	apply   string
	get     func(*seLabel) *string
}

func (o *SELinuxOptions) parts() []sePart {
	parts := []sePart{
		{seUserPart, o.AllowedUsers, string(o.User), func(l *seLabel) *string { return &l.user }},
		{"role", o.AllowedRoles, string(o.Role), func(l *seLabel) *string { return &l.role }},
		{"type", o.AllowedTypes, string(o.Type), func(l *seLabel) *string { return &l.kind }},
		{seLevelPart, o.AllowedLevels, string(o.Level), func(l *seLabel) *string { return &l.level }},
	}
	for i := range parts {
		if parts[i].allowed == nil && parts[i].apply != "" {
			parts[i].allowed = []Glob{Glob(parts[i].apply)}
		}
	}
	return parts
}

const (
	seUserPart  = "user"
	seLevelPart = "level"
)

// replaces reports whether the process can use its files, which have that label, when
// what is to be applied is in the value's place.
func (p sePart) replaces(value string, files seLabel) bool {
	switch p.name {
	case seUserPart:
		return p.apply == files.user
	case seLevelPart:
		return seDominates(p.apply, value)
	default:
		return true
	}
}

func (p sePart) permits(value string) bool {
	return p.allowed == nil || matchAny(p.allowed, value)
}

func (p sePart) list() string {
	names := make([]string, len(p.allowed))
	for i, g := range p.allowed {
		names[i] = cmp.Or(string(g), `""`)
	}
	return strings.Join(names, ", ")
}

// Validate requires something to say, and parts to apply that are allowed.
func (o *SELinuxOptions) Validate() error {
	said, applied := o.Required, false
	for _, p := range o.parts() {
		if p.allowed != nil && len(p.allowed) == 0 {
			return strict.Field(p.key(), "is an empty list; leave it out to allow all")
		}
		if errs := p.seWords().never(p.key(), p.allowed); len(errs) > 0 {
			return errors.Join(errs...)
		}
		if p.apply != "" && !p.permits(p.apply) {
			return strict.Field(p.name, "is not among the allowed ones (allowed: %s)", p.list())
		}
		said, applied = said || p.allowed != nil, applied || p.apply != ""
	}
	switch {
	case o.Action() == Adjust && !applied:
		return strict.Field("type", "is missing: onViolation: adjust needs a user, role, type or level to apply")
	case !said && o.Action() != Ignore:
		return fmt.Errorf("needs required, or what to allow or apply")
	}
	return nil
}

// key is the field of what is allowed.
func (p sePart) key() string { return "allowed" + strings.ToUpper(p.name[:1]) + p.name[1:] + "s" }

// seWords are the values of a part of a label: only a level has colons and commas.
func (p sePart) seWords() named {
	if p.name == seLevelPart {
		return named{p.name, "levels are such as s0:c1,c2", globs.Words(" \t", 255)}
	}
	return named{p.name, "it is one part of a label: user, role, type or level", globs.Words(": \t,", 255)}
}

// Warnings tells of patterns that cover every value or none, and of a part that is never applied.
func (o *SELinuxOptions) Warnings() []error {
	var out []error
	for i, p := range o.parts() {
		given := [][]Glob{o.AllowedUsers, o.AllowedRoles, o.AllowedTypes, o.AllowedLevels}[i]
		if p.apply != "" && given != nil && o.Action() != Adjust {
			out = append(out, strict.Field(p.name, withoutAdjust))
		}
		if len(given) > 0 && every(p.seWords().form, given) {
			out = append(out, strict.Field(p.key(), "allows every %s", p.name))
		}
	}
	return out
}

// Check finds labels that are not allowed, malformed, at odds, or not known to the
// node.
func (o *SELinuxOptions) Check(s *Subject) []Finding {
	process, mount := seLabels(s)
	state := s.Host.SELinux()
	var out []Finding
	if state == Disabled {
		if o.Required {
			out = append(out, Finding{Found: "the node's kernel has no SELinux"})
		}
		if process == "" {
			return out
		}
	}
	label, err := parseSELabel(process)
	if err != nil {
		return append(out, Finding{Found: err.Error()})
	}
	out = append(out, o.judge(label, mount)...)
	if process == "" && o.Required && len(out) == 0 {
		out = append(out, Finding{Found: "the process has no SELinux label"})
	}
	out = append(out, seConsistent(label, mount)...)
	if state == Enabled {
		out = append(out, seUnknown(s.Host, process, mount)...)
	}
	return out
}

// seUnknown finds labels that the kernel, where it can be asked, does not know.
func seUnknown(h Host, labels ...string) []Finding {
	var out []Finding
	for _, label := range labels {
		if _, err := parseSELabel(label); label == "" || err != nil {
			continue
		}
		if valid, err := h.SELinuxLabel(label); err == nil && !valid {
			out = append(out, Finding{Found: fmt.Sprintf("the node's SELinux policy does not know the label %q (its user, role, type or "+
				"level, or their combination)", label)})
		}
	}
	return out
}

// judge finds the parts of the process's label that are not allowed.
func (o *SELinuxOptions) judge(label seLabel, mount string) []Finding {
	var out []Finding
	files, _ := parseSELabel(mount)
	for _, p := range o.parts() {
		value := *p.get(&label)
		switch {
		case p.permits(value):
		case label == seLabel{}:
			return []Finding{{Found: "the process has no SELinux label" + o.notLabelled(mount), Allowed: p.name + " " + p.list()}}
		default:
			out = append(out, Finding{Found: fmt.Sprintf("SELinux %s %q not allowed%s", p.name, value, o.kept(p, value, files)),
				Allowed: p.list(), Fix: "remove securityContext.seLinuxOptions." + p.name + ", or set an allowed one"})
		}
	}
	return out
}

// notLabelled says why an adjusting rule does not label an unlabelled process.
func (o *SELinuxOptions) notLabelled(mount string) string {
	if o.Action() != Adjust || o.Type == "" || mount != "" {
		return ""
	}
	return ", and cannot get one: the container runtime has given its files none"
}

// kept says why an adjusting rule does not replace a level or a user.
func (o *SELinuxOptions) kept(p sePart, value string, files seLabel) string {
	if o.Action() != Adjust || p.apply == "" || p.replaces(value, files) {
		return ""
	}
	return ", and cannot be replaced: the container runtime has labelled the container's files with it"
}

// seConsistent finds what keeps a mount label from going with the process's:
// files of another level, or none that a container's files may have.
func seConsistent(process seLabel, mount string) []Finding {
	if mount == "" || process == (seLabel{}) {
		return nil
	}
	label, err := parseSELabel(mount)
	switch {
	case err != nil:
		return []Finding{{Found: "mount label: " + err.Error()}}
	case label.role != seFileRole:
		return []Finding{{Found: fmt.Sprintf("SELinux role %q of the mount label not allowed", label.role), Allowed: seFileRole}}
	case label.level != process.level:
		return []Finding{{Found: fmt.Sprintf("SELinux level %q of the mount label is not the process's", label.level), Allowed: process.level}}
	}
	return nil
}

// seFileRole is the role that all files have.
const seFileRole = "object_r"

// Adjust replaces what is not allowed by what is to be applied, if the process can
// use the files then that the runtime has labelled.
func (o *SELinuxOptions) Adjust(s *Subject) []string {
	process, mount := seLabels(s)
	label, err := parseSELabel(process)
	files, fault := parseSELabel(mount)
	if s.Spec.Process == nil || err != nil || fault != nil {
		return nil
	}
	if process == "" {
		kind := o.agreedPart(s, seTypeAt, "", files)
		if kind == "" || mount == "" || s.Host.SELinux() == Disabled {
			return nil
		}
		label = seLabel{user: files.user, role: "system_r", kind: kind, level: files.level}
	}
	for i, p := range o.parts() {
		part := p.get(&label)
		if p.permits(*part) {
			continue
		}
		if p.apply = o.agreedPart(s, i, *part, files); p.apply != "" && p.replaces(*part, files) {
			*part = p.apply
		}
	}
	var done []string
	if s.Spec.Process.SelinuxLabel = label.String(); label.String() != process {
		done = append(done, "set SELinux label "+label.String())
	}
	if mount == "" || !seDominates(label.level, files.level) {
		return done
	}
	files.role, files.level = seFileRole, label.level
	if s.Spec.Linux.MountLabel = files.String(); files.String() != mount {
		done = append(done, "set SELinux mount label "+files.String())
	}
	return done
}

func seLabels(s *Subject) (process, mount string) {
	if s.Spec.Process != nil {
		process = s.Spec.Process.SelinuxLabel
	}
	if s.Spec.Linux != nil {
		mount = s.Spec.Linux.MountLabel
	}
	return process, mount
}
