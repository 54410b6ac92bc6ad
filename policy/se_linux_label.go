package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/specguard/specguard/internal/strict"
)

// seLabel is an SELinux label, user:role:type:level. The zero value is that of
// an unlabelled process.
type seLabel struct {
	user, role, kind, level string
}

// parseSELabel reads a label; "" is the zero value. The level may be missing,
// as on a kernel without MLS, and may have colons in it.
func parseSELabel(text string) (seLabel, error) {
	if text == "" {
		return seLabel{}, nil
	}
	parts := strings.SplitN(text, ":", 4)
	if len(parts) < 3 || slices.Contains(parts, "") {
		return seLabel{}, fmt.Errorf("%q is not an SELinux label (user:role:type:level)", text)
	}
	label := seLabel{user: parts[0], role: parts[1], kind: parts[2]}
	if len(parts) == 4 {
		label.level = parts[3]
	}
	return label, nil
}

func (l seLabel) String() string {
	if l.level == "" {
		return l.user + ":" + l.role + ":" + l.kind
	}
	return l.user + ":" + l.role + ":" + l.kind + ":" + l.level
}

// seName is an SELinux user, role or type.
type seName string

// UnmarshalText reads a name; one that cannot stand in a label is an error.
func (n *seName) UnmarshalText(text []byte) error {
	if ok, _ := regexp.Match(seNamePattern, text); !ok {
		return fmt.Errorf("%q is not an SELinux name (allowed: letters, digits, '_', '.' and '-')", text)
	}
	*n = seName(text)
	return nil
}

const seNamePattern = `^[A-Za-z_][A-Za-z0-9_.-]*$`

// JSONSchema has the pattern.
func (seName) JSONSchema() map[string]any {
	return strict.Named("SELinux name", strict.Pattern(seNamePattern))
}

// seLevel is an SELinux level or range, such as s0:c12,c34 or s0-s0:c0.c1023.
type seLevel string

// UnmarshalText reads a level; a malformed one is an error.
func (l *seLevel) UnmarshalText(text []byte) error {
	if ok, _ := regexp.Match(seLevelPattern, text); !ok {
		return fmt.Errorf("%q is not an SELinux level (allowed: such as s0, s0:c12,c34 or s0-s0:c0.c1023)", text)
	}
	*l = seLevel(text)
	return nil
}

const seLevelPattern = `^s\d+(:c\d+([.,]c\d+)*)?(-s\d+(:c\d+([.,]c\d+)*)?)?$`

// JSONSchema has the pattern.
func (seLevel) JSONSchema() map[string]any {
	return strict.Named("SELinux level", strict.Pattern(seLevelPattern))
}

// seDominates reports whether a process of the level can use files of the other for
// certain: it is the same level, or one of the same sensitivity, and the files' has
// no categories. (More would be so: a level dominates all with fewer categories.
// But such a change gives what other containers have.)
func seDominates(level, files string) bool {
	if level == files {
		return true
	}
	rest, ok := strings.CutPrefix(level, files)
	return ok && seSensitivity.MatchString(files) && (rest[0] == ':' || rest[0] == '-')
}

// seSensitivity is a level without categories.
var seSensitivity = regexp.MustCompile(`^s[0-9]+$`)
