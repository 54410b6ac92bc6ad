package policy

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/specguard/specguard/internal/strict"
)

// absPath is an absolute path in its shortest form: without "..", "//" or a slash
// at its end, and without wildcards.
type absPath string

// UnmarshalText reads a path; one that is relative, that could be written
// shorter, or that is a pattern, is an error.
func (p *absPath) UnmarshalText(text []byte) error {
	s := string(text)
	if !path.IsAbs(s) || path.Clean(s) != s || strings.ContainsRune(s, 0) {
		return fmt.Errorf("%q cannot be used as a path here (allowed: an absolute path without \"..\", \"//\" or a slash at its end)", s)
	}
	if strings.ContainsAny(s, "*?") || choice.MatchString(s) {
		return fmt.Errorf("%q is a pattern, and cannot be used here (allowed: a path, which covers all that is below it)", s)
	}
	if variables.MatchString(s) {
		return fmt.Errorf("%q has a variable, and none is replaced here (allowed: a path, which covers all that is below it)", s)
	}
	*p = absPath(s)
	return nil
}

// choice finds {a,b}.
var choice = regexp.MustCompile(`\{[^{}]*,[^{}]*\}`)

// variables finds $A, ${A} and $(A).
var variables = regexp.MustCompile(`\$([A-Za-z_]|\{|\()`)

// JSONSchema requires a path that begins with a slash, ends with none and has no
// component that is empty, "." or "..".
func (absPath) JSONSchema() map[string]any {
	s := strict.Named("path", strict.Pattern(`^/([^/*?]+(/[^/*?]+)*)?$`))
	s["not"] = strict.Pattern(`/\.\.?(/|$)`)
	return s
}

// underAny reports whether the path is one of the folders or lies below one.
func underAny(p string, dirs []string) bool {
	p = path.Clean(p)
	return slices.ContainsFunc(dirs, func(dir string) bool {
		_, ok := under(path.Clean(dir), p)
		return ok
	})
}

// climbs reports whether ".." is a component of the path: behind a symlink that
// leads elsewhere than it seems to.
func climbs(p string) bool {
	return strings.Contains(p, "..") && slices.Contains(strings.Split(p, "/"), "..")
}
