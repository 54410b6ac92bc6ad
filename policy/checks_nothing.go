package policy

import (
	"path"
	"slices"
	"strings"

	"github.com/specguard/specguard/internal/globs"
)

// checksNothing is said of a rule that no container can break.
const checksNothing = "the rule checks nothing (to turn it off, write onViolation: ignore)"

// withoutAdjust is said of a field that is about adjusting only.
const withoutAdjust = "has no effect without onViolation: adjust"

// onlyStars reports whether a part of the pattern covers every absolute path, or all of those below
// the folder: it has only wildcards there.
func onlyStars(pattern Glob, folder string) bool {
	all, _ := globs.Alternatives(string(pattern))
	return slices.ContainsFunc(all, func(one string) bool {
		rest := strings.TrimPrefix(one, folder)
		wild := strings.Trim(rest, "*?/") == "" && strings.Contains(rest, "*")
		return wild && Glob(one).Match(folder+"/a") && Glob(one).Match(folder+"/bb")
	})
}

// notPaths gives the first part of the pattern that matches no absolute path in its shortest form; ok is
// false for none.
func notPaths(pattern Glob) (part string, ok bool) {
	all, _ := globs.Alternatives(string(pattern))
	for _, one := range all {
		if path.Clean(one) != one || !path.IsAbs(one) && !strings.HasPrefix(one, "**") {
			return one, true
		}
	}
	return "", false
}

// climbsInParts reports whether a part of the pattern matches no path in its shortest form.
func climbsInParts(pattern Glob) bool {
	_, wrong := notPaths(pattern)
	return wrong
}
