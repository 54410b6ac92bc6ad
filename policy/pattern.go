package policy

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/specguard/specguard/internal/globs"
)

// readPattern returns an error for a pattern that is malformed, or that has spaces which would have to
// be in the names: next to a comma or a brace, or at an end.
func readPattern(text []byte) error {
	if !doublestar.ValidatePattern(string(text)) {
		return fmt.Errorf("%q is not a valid pattern (allowed: names with *, **, ?, [class], {a,b})", text)
	}
	if without := readableSpaces.ReplaceAllString(string(text), "$1$2"); without != string(text) {
		return fmt.Errorf("%q has spaces, which would have to be in the names too (write %q)", text, without)
	}
	return nil
}

// readableSpaces finds those that are there only to make a pattern readable.
var readableSpaces = regexp.MustCompile(`^\s+|\s+$|([{,])\s+|\s+([,}])`)

// doubtFolders returns an error for a pattern of paths with a ** that crosses no slashes, because it
// does not stand alone between them.
func doubtFolders(pattern string) error {
	all, _ := globs.Alternatives(pattern)
	for _, one := range all {
		parts := strings.Split(one, "/")
		for i, part := range parts {
			at := strings.Index(part, "**")
			if at < 0 || part == "**" || strings.ContainsAny(part, `[]\`) {
				continue
			}
			hint := ""
			if at == 0 {
				parts[i] = "**/*" + strings.TrimLeft(part, "*")
				hint = fmt.Sprintf(" (write %q)", strings.Join(parts, "/"))
			}
			return fmt.Errorf("%q: ** crosses slashes only where it stands alone between them; here it is the same as *%s", one, hint)
		}
	}
	return nil
}
