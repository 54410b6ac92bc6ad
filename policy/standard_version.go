package policy

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/specguard/specguard/internal/strict"
)

// StandardVersion is a version of the Pod Security Standards: latest, or a version of
// Kubernetes such as v1.32. "" is latest.
type StandardVersion string

// The minor versions of Kubernetes 1 whose Standards the profiles know. Pod Security is stable
// since the oldest of them.
const (
	oldestStandard = 25
	newestStandard = 37
)

const latestStandard StandardVersion = "latest"

// UnmarshalText reads a version; one that the profiles do not know is an error.
func (v *StandardVersion) UnmarshalText(text []byte) error {
	if string(text) == string(latestStandard) {
		*v = latestStandard
		return nil
	}
	minor, ok := strings.CutPrefix(string(text), "v1.")
	n, err := strconv.Atoi(minor)
	if !ok || err != nil || strconv.Itoa(n) != minor || n < oldestStandard || n > newestStandard {
		return fmt.Errorf("%q is not a known version of the Pod Security Standards (allowed: latest, or v1.%d to v1.%d)",
			text, oldestStandard, newestStandard)
	}
	*v = StandardVersion(text)
	return nil
}

// JSONSchema lists the versions.
func (StandardVersion) JSONSchema() map[string]any {
	all := []StandardVersion{latestStandard}
	for n := newestStandard; n >= oldestStandard; n-- {
		all = append(all, StandardVersion(fmt.Sprintf("v1.%d", n)))
	}
	return strict.Enum(all...)
}

// minor is the version's second number.
func (v StandardVersion) minor() int {
	n, err := strconv.Atoi(strings.TrimPrefix(string(v), "v1."))
	if err != nil {
		return newestStandard
	}
	return n
}
