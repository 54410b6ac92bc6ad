package policy

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/specguard/specguard/policy/strict"
)

// SELinuxOptions bounds the SELinux labels of the container's process and of
// its files.
//
// On a node whose kernel has no SELinux a container without a label complies,
// unless SELinux is required.
//
// Reads: process.selinuxLabel and linux.mountLabel (OCI runtime spec,
// config.md, "Linux Process"; config-linux.md, "Mount Label").
// Adjusts: replaces the parts of the process's label that are not allowed,
// labels an unlabelled process where a type is given, and gives the mount label
// the process's level. A level that the runtime chose, which separates
// containers from each other, is kept unless a level is given.
// Source: Pod Security Standards, Baseline, "SELinux"; Project Atomic's
// container-selinux for the forms of a container's labels.
// Example: {onViolation: adjust, type: container_t}
type SELinuxOptions struct {
	Base `yaml:",inline"`

	// AllowedUsers lists patterns of users that the process's label may have; ""
	// stands for a process without a label, here and in the other lists.
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

	// User is set in place of one that is not allowed.
	User seName `yaml:"user"`

	// Role is set in place of one that is not allowed.
	Role seName `yaml:"role"`

	// Type is set in place of one that is not allowed. Only with it a process
	// without a label gets one.
	Type seName `yaml:"type"`

	// Level is set in place of one that is not allowed.
	Level seLevel `yaml:"level"`

	// Required: a node whose kernel has no SELinux must not run the container.
	Required bool `yaml:"required"`
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
		{"user", o.AllowedUsers, string(o.User), func(l *seLabel) *string { return &l.user }},
		{"role", o.AllowedRoles, string(o.Role), func(l *seLabel) *string { return &l.role }},
		{"type", o.AllowedTypes, string(o.Type), func(l *seLabel) *string { return &l.kind }},
		{"level", o.AllowedLevels, string(o.Level), func(l *seLabel) *string { return &l.level }},
	}
	for i := range parts {
		if parts[i].allowed == nil && parts[i].apply != "" {
			parts[i].allowed = []Glob{Glob(parts[i].apply)}
		}
	}
	return parts
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

// Validate wants something to say, and parts to apply that are allowed.
func (o *SELinuxOptions) Validate() error {
	said, applied := o.Required, false
	for _, p := range o.parts() {
		if p.allowed != nil && len(p.allowed) == 0 {
			return strict.Field("allowed"+strings.ToUpper(p.name[:1])+p.name[1:]+"s", "is an empty list; leave it out to allow all")
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

// Check finds labels that are not allowed, malformed, or at odds.
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
	out = append(out, o.judge(label)...)
	if process == "" && o.Required && len(out) == 0 {
		out = append(out, Finding{Found: "the process has no SELinux label"})
	}
	return append(out, seConsistent(label, mount)...)
}

// judge finds the parts of the process's label that are not allowed.
func (o *SELinuxOptions) judge(label seLabel) []Finding {
	var out []Finding
	for _, p := range o.parts() {
		value := *p.get(&label)
		switch {
		case p.permits(value):
		case label == seLabel{}:
			return []Finding{{Found: "the process has no SELinux label", Allowed: p.name + " " + p.list()}}
		default:
			out = append(out, Finding{Found: fmt.Sprintf("SELinux %s %q not allowed", p.name, value), Allowed: p.list()})
		}
	}
	return out
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

// Adjust replaces what is not allowed by what is to be applied.
func (o *SELinuxOptions) Adjust(s *Subject) []string {
	process, mount := seLabels(s)
	label, err := parseSELabel(process)
	files, fault := parseSELabel(mount)
	if s.Spec.Process == nil || err != nil || fault != nil {
		return nil
	}
	if process == "" {
		if o.Type == "" || s.Host.SELinux() == Disabled {
			return nil
		}
		label = seLabel{user: "system_u", role: "system_r", kind: string(o.Type), level: cmp.Or(files.level, "s0")}
	}
	for _, p := range o.parts() {
		if part := p.get(&label); p.apply != "" && !p.permits(*part) {
			*part = p.apply
		}
	}
	var done []string
	if s.Spec.Process.SelinuxLabel = label.String(); label.String() != process {
		done = append(done, "set SELinux label "+label.String())
	}
	if mount == "" {
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
