package doctor

import (
	"fmt"
	"regexp"
)

// version is a version as a component tells it.
type version struct {
	text   string
	semver string // of upstream, in the form of golang.org/x/mod/semver
	// packaged: the version has a suffix that upstream's versions do not have, such as
	// Debian's 1.1.5+ds1. Fixes may have been added to it.
	packaged bool
}

// parseVersion reads a version with or without a leading v, of two or three
// numbers. "rc95" is made "rc.95", since SemVer orders rc95 before rc9. gVisor's
// releases are days, such as release-20260907.0.
func parseVersion(text string) (version, bool) {
	if m := regexp.MustCompile(`^release-(\d{8})\.(\d+)(.*)$`).FindStringSubmatch(text); m != nil {
		return version{text: text, semver: "v" + m[1] + "." + m[2] + ".0", packaged: m[3] != ""}, true
	}
	m := regexp.MustCompile(`^v?(\d+\.\d+)(\.\d+)?(?:-(alpha|beta|rc|dev)\.?(\d+)?)?(.*)$`).FindStringSubmatch(text)
	if m == nil {
		return version{text: text}, false
	}
	v := version{text: text, semver: "v" + m[1] + m[2], packaged: m[5] != ""}
	if m[2] == "" {
		v.semver += ".0"
	}
	if m[3] != "" {
		v.semver += "-" + m[3]
		if m[4] != "" {
			v.semver += "." + m[4]
		}
	}
	return v, true
}

// UnmarshalText reads an upstream version.
func (v *version) UnmarshalText(text []byte) error {
	parsed, ok := parseVersion(string(text))
	if !ok || parsed.packaged {
		return fmt.Errorf("%q is not an upstream version", text)
	}
	*v = parsed
	return nil
}
