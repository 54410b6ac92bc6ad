package policy

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/specguard/specguard/internal/strict"
)

// SeccompPattern is RuntimeDefault, Unconfined, or Localhost/ with a file in the node's seccomp
// folder, or with a pattern for such files.
type SeccompPattern string

// The profiles that have names of their own, as in Kubernetes.
const (
	seccompDefault    SeccompPattern = "RuntimeDefault"
	seccompUnconfined SeccompPattern = "Unconfined"
	seccompLocalhost                 = "Localhost/"
)

// UnmarshalText reads a pattern; anything else is an error.
func (p *SeccompPattern) UnmarshalText(text []byte) error {
	file, local := strings.CutPrefix(string(text), seccompLocalhost)
	if err := readPattern([]byte(file)); local && err != nil {
		return err
	}
	inside := path.Clean(file) == file && file != "." && !path.IsAbs(file) && file != ".." && !strings.HasPrefix(file, "../")
	switch {
	case local && inside,
		slices.Contains([]SeccompPattern{seccompDefault, seccompUnconfined}, SeccompPattern(text)):
		*p = SeccompPattern(text)
		return nil
	case local:
		return fmt.Errorf("%q is not a seccomp profile: after Localhost/, write the path of a file in the node's seccomp folder, or a "+
			"pattern", text)
	default:
		return fmt.Errorf("%q is not a seccomp profile (allowed: RuntimeDefault, Unconfined, Localhost/<file or pattern>)", text)
	}
}

// Doubt tells of a pattern that covers fewer files than it seems to.
func (SeccompPattern) Doubt(text string) error { return doubtFolders(text) }

// JSONSchema requires one of the two words, or what begins with Localhost/.
func (SeccompPattern) JSONSchema() map[string]any {
	return strict.Named("seccomp profile", map[string]any{"anyOf": []any{
		strict.Enum(seccompDefault, seccompUnconfined), strict.Pattern("^" + seccompLocalhost + "."),
	}})
}

// file is the file in the node's seccomp folder; "" where it is none or many.
func (p SeccompPattern) file() string {
	file, local := strings.CutPrefix(string(p), seccompLocalhost)
	if !local || strings.ContainsAny(file, `*?[]{}\`) {
		return ""
	}
	return file
}

// match reports whether the pattern stands for a profile, given in the same form.
func (p SeccompPattern) match(profile SeccompPattern) bool {
	glob, local := strings.CutPrefix(string(p), seccompLocalhost)
	file, named := strings.CutPrefix(string(profile), seccompLocalhost)
	if local && named {
		return Glob(glob).Match(file)
	}
	return p == profile
}

// SeccompProfileOf puts what a container asked of its runtime in Kubernetes'
// words. localhost is the path of a file of the node, folder the node's seccomp
// folder: a file elsewhere is named in full.
func SeccompProfileOf(localhost, folder string) SeccompPattern {
	if rest, ok := under(folder, path.Clean(localhost)); ok && rest != "" {
		return seccompLocalhost + SeccompPattern(strings.TrimPrefix(rest, "/"))
	}
	return seccompLocalhost + SeccompPattern(localhost)
}
