package doctor

import (
	"context"
	_ "embed" // the table
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/specguard/specguard/internal/strict"
)

//go:embed nri_releases.yaml
var nriReleaseFile []byte

// nriReleases lists the NRI versions in container runtimes, and their features.
type nriReleases struct {
	Reviewed  date         `yaml:"reviewed"`
	Abilities []nriAbility `yaml:"abilities"`
	Runtimes  []nriRuntime `yaml:"runtimes"`
}

// nriAbility is something that NRI has since a version.
type nriAbility struct {
	Since version `yaml:"since"`
	Name  string  `yaml:"name"`
	Means string  `yaml:"means"`
}

// The abilities that something depends on.
const validation = "validation"

// nriRuntime lists the NRI versions in a runtime, up to its series Known.
type nriRuntime struct {
	Component string       `yaml:"component"`
	Source    string       `yaml:"source"`
	Known     version      `yaml:"known"`
	Releases  []nriRelease `yaml:"releases"`
}

// nriRelease is the first version of a runtime that has that NRI.
type nriRelease struct {
	Since version `yaml:"since"`
	NRI   version `yaml:"nri"`
	Note  string  `yaml:"note"`
}

func readNRIReleases() (*nriReleases, error) {
	out := new(nriReleases)
	return out, faultsIn("nri_releases.yaml", strict.DecodeDocument(nriReleaseFile, out))
}

// brings returns the runtime's NRI; ok is false if it is not known.
func (t *nriReleases) brings(component string, v version) (out nriRelease, ok bool) {
	for _, r := range t.Runtimes {
		if r.Component != component || semver.Compare(semver.MajorMinor(v.semver), semver.MajorMinor(r.Known.semver)) > 0 {
			continue
		}
		for _, x := range slices.Backward(r.Releases) {
			if semver.Compare(x.Since.semver, v.semver) <= 0 {
				return x, true
			}
		}
	}
	return nriRelease{}, false
}

// first returns the first version of a runtime that has NRI.
func (t *nriReleases) first(component string) version {
	for _, r := range t.Runtimes {
		if r.Component == component && len(r.Releases) > 0 {
			return r.Releases[0].Since
		}
	}
	return version{}
}

// has reports whether that NRI has the ability.
func (t *nriReleases) has(nri version, ability string) bool {
	return slices.ContainsFunc(t.Abilities, func(a nriAbility) bool {
		return a.Name == ability && semver.Compare(a.Since.semver, nri.semver) <= 0
	})
}

// checkNRI reports which NRI each runtime has, and what that means.
func checkNRI(_ context.Context, n *Node) []Finding {
	table, err := readNRIReleases()
	if err != nil {
		return []Finding{problem("report this", "%v", err)}
	}
	var out []Finding
	for _, r := range n.runtimes {
		if r.err != nil {
			continue // which is told
		}
		x, known := table.brings(r.component, r.version)
		if !known {
			out = append(out, warning("update specguard, or see the runtime's go.mod",
				"%s: this specguard does not know its NRI version (as of %s)", &r, table.Reviewed))
			continue
		}
		out = append(out, ok("%s", table.says(&r, x)))
	}
	return out
}

// says what the NRI of a runtime has, and what it lacks.
func (t *nriReleases) says(r *containerRuntime, x nriRelease) string {
	var has, lacks []string
	for _, a := range t.Abilities {
		if t.has(x.NRI, a.Name) {
			has = append(has, a.Means)
		} else {
			lacks = append(lacks, fmt.Sprintf("%s (%s)", a.Name, a.Since.text))
		}
	}
	out := fmt.Sprintf("%s has NRI %s", r, x.NRI.text)
	if len(has) > 0 {
		out += ": " + strings.Join(has, "; ")
	}
	if len(lacks) > 0 {
		out += "; without " + strings.Join(lacks, ", ")
	}
	if x.Note != "" {
		out += "; " + x.Note
	}
	return out
}
