package doctor

import (
	_ "embed" // the built-in list
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/semver"

	"github.com/specguard/specguard/internal/strict"
)

//go:embed vulnerabilities.yaml
var vulnerabilityFile []byte

// maxAge is how old a list may be: after it, "none known" says nothing.
const maxAge = 60 * 24 * time.Hour

// Data is a list of known vulnerabilities.
type Data struct {
	Reviewed        date            `yaml:"reviewed"` // the day of the last review
	Components      []upstream      `yaml:"components"`
	Vulnerabilities []vulnerability `yaml:"vulnerabilities"`

	file string // that it was read from; "" for the built-in list
}

// upstream says which versions of a component still get fixes.
type upstream struct {
	Name   string `yaml:"name"`
	Source string `yaml:"source"` // where this was found

	// Maintained are the series that upstream still fixes, such as 2.4, in ascending order.
	// Without any, there are no series: the newest release has all fixes.
	Maintained []version `yaml:"maintained"`
}

// vulnerability is one of a component's.
type vulnerability struct {
	ID        identifier     `yaml:"id"`
	Component string         `yaml:"component"` // as in components
	Summary   string         `yaml:"summary"`
	Source    string         `yaml:"source"` // the advisory, or another source
	Affected  []versionRange `yaml:"affected"`
}

// versionRange is from one version, none for the first, up to another. Fixed has
// the fix. Before does not: no version of the series below it is known to have
// the fix.
type versionRange struct {
	Introduced version `yaml:"introduced"`
	Fixed      version `yaml:"fixed"`
	Before     version `yaml:"before"`
}

// end is the first version that the range does not hold.
func (r versionRange) end() version {
	if r.Fixed.semver != "" {
		return r.Fixed
	}
	return r.Before
}

// contains reports whether the version is in the range. SemVer has no version come
// before all others.
func (r versionRange) contains(v version) bool {
	return semver.Compare(r.Introduced.semver, v.semver) <= 0 && semver.Compare(v.semver, r.end().semver) < 0
}

// ReadData reads a list from a file; "" is the built-in list.
func ReadData(path string) (*Data, error) {
	text, name := vulnerabilityFile, "vulnerabilities.yaml"
	if path != "" {
		var err error
		if text, err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("read the list of vulnerabilities: %w", err)
		}
		name = path
	}
	data := &Data{file: path}
	faults := strict.DecodeDocument(text, data)
	if len(faults) == 0 {
		faults = data.faults()
	}
	return data, faultsIn(name, faults)
}

// faultsIn says where in a file its faults are; nil for none.
func faultsIn(file string, faults []strict.Error) error {
	errs := make([]error, len(faults))
	for i, f := range faults {
		errs[i] = fmt.Errorf("%s:%d:%d: %w", file, max(f.Line, 1), max(f.Column, 1), f)
	}
	return errors.Join(errs...)
}

// faults are those that show only once all is read.
func (d *Data) faults() []strict.Error {
	if d.Reviewed.IsZero() || len(d.Components) == 0 || len(d.Vulnerabilities) == 0 {
		return []strict.Error{{Msg: "a list of vulnerabilities has reviewed, components and vulnerabilities"}}
	}
	var out []strict.Error
	seen := make(map[string]bool)
	for i := range d.Vulnerabilities {
		v := &d.Vulnerabilities[i]
		key := v.ID.text + " " + v.Component
		if d.upstream(v.Component) == nil {
			out = append(out, v.ID.at.Fault("the component %q is not in components", v.Component))
		}
		if seen[key] {
			out = append(out, v.ID.at.Fault("%s occurs twice", key))
		}
		seen[key] = true
	}
	return out
}

func (d *Data) upstream(component string) *upstream {
	for i := range d.Components {
		if d.Components[i].Name == component {
			return &d.Components[i]
		}
	}
	return nil
}

// Validate checks that the component has everything that it needs.
func (u *upstream) Validate() error {
	if u.Name == "" {
		return fmt.Errorf("a component has a name and a source")
	}
	if !slices.IsSortedFunc(u.Maintained, func(a, b version) int { return semver.Compare(a.semver, b.semver) }) {
		return strict.Field("maintained", "the series must be in order")
	}
	return checkSource(u.Source)
}

// Validate checks that the entry has everything that it needs, and that its ranges are in
// order.
func (v *vulnerability) Validate() error {
	switch {
	case v.ID.text == "" || v.Component == "" || v.Summary == "":
		return fmt.Errorf("a vulnerability has id, component, summary, source and affected")
	case strings.ContainsAny(v.Summary, "\n\r"):
		return strict.Field("summary", "must be one line")
	case len(v.Affected) == 0:
		return fmt.Errorf("affected: no versions")
	}
	last := ""
	for i, r := range v.Affected {
		switch {
		case (r.Fixed.semver == "") == (r.Before.semver == ""):
			return strict.Field("affected", "range %d: needs either fixed or before, where it ends", i+1)
		case i > 0 && r.Introduced.semver == "":
			return strict.Field("affected", "range %d: introduced is missing", i+1)
		case semver.Compare(r.Introduced.semver, r.end().semver) >= 0 || semver.Compare(r.Introduced.semver, last) < 0:
			return strict.Field("affected", "range %d is empty, or not after the one before it", i+1)
		}
		last = r.end().semver
	}
	return checkSource(v.Source)
}

func checkSource(source string) error {
	if u, err := url.Parse(source); err != nil || u.Scheme != "https" || u.Host == "" {
		return strict.Field("source", "%q is not an https address", source)
	}
	return nil
}

// identifier is a vulnerability's in a public database.
type identifier struct {
	text string
	at   strict.Place
}

// UnmarshalText reads a CVE's or a GitHub advisory's identifier.
func (i *identifier) UnmarshalText(text []byte) error {
	i.text = string(text)
	if !strings.HasPrefix(i.text, "CVE-") && !strings.HasPrefix(i.text, "GHSA-") {
		return fmt.Errorf("%q is not an identifier (allowed: CVE-..., GHSA-...)", i.text)
	}
	return nil
}

// SetPlace notes the place of the identifier.
func (i *identifier) SetPlace(p strict.Place) { i.at = p }

// date is a day.
type date struct{ time.Time }

// UnmarshalText reads a day such as 2026-11-28.
func (d *date) UnmarshalText(text []byte) error {
	day, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return fmt.Errorf("%q is not a day such as 2026-11-28", text)
	}
	d.Time = day
	return nil
}

func (d date) String() string { return d.Format(time.DateOnly) }
