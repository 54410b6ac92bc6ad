package doctor

import (
	"testing"

	"golang.org/x/mod/semver"
)

func nriTable(t *testing.T) *nriReleases {
	t.Helper()
	table, err := readNRIReleases()
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// TestNRIReleasesAreInOrder wants versions that rise, a source each, and that
// what follows the newest known series is not known.
func TestNRIReleasesAreInOrder(t *testing.T) {
	table := nriTable(t)
	if table.Reviewed.IsZero() || len(table.Abilities) == 0 || len(table.Runtimes) != 2 {
		t.Fatalf("%+v", table)
	}
	for _, r := range table.Runtimes {
		if err := checkSource(r.Source); err != nil {
			t.Errorf("%s: %v", r.Component, err)
		}
		for i, x := range r.Releases {
			if x.Since.semver == "" || x.NRI.semver == "" || i > 0 && semver.Compare(r.Releases[i-1].Since.semver, x.Since.semver) >= 0 {
				t.Errorf("%s: release %d, %s, is not after the one before it", r.Component, i+1, x.Since.text)
			}
			if i > 0 && semver.Compare(r.Releases[i-1].NRI.semver, x.NRI.semver) > 0 {
				t.Errorf("%s %s has an older NRI than what was before it", r.Component, x.Since.text)
			}
			if got, ok := table.brings(r.Component, x.Since); !ok || got != x {
				t.Errorf("%s %s: %+v", r.Component, x.Since.text, got)
			}
		}
		if newest := r.Releases[len(r.Releases)-1].Since; semver.MajorMinor(newest.semver) != semver.MajorMinor(r.Known.semver) {
			t.Errorf("%s: %s is known, and the newest release is %s", r.Component, r.Known.text, newest.text)
		}
	}
	for i, a := range table.Abilities {
		if a.Name == "" || a.Means == "" || i > 0 && semver.Compare(table.Abilities[i-1].Since.semver, a.Since.semver) > 0 {
			t.Errorf("ability %d: %+v", i+1, a)
		}
	}
	if !table.has(table.Abilities[0].Since, validation) {
		t.Error("no ability is called validation")
	}
}

func TestBroughtNRI(t *testing.T) {
	table := nriTable(t)
	for _, test := range []struct{ component, version, nri string }{
		{containerd, "1.6.39", ""}, {containerd, "1.7.0", "0.3.0"}, {containerd, "1.7.25", "0.6.1"}, {containerd, "1.7.35", "0.8.0"},
		{containerd, "2.0.14", "0.8.0"}, {containerd, "2.1.9", "0.8.0"}, {containerd, "2.2.0", "0.10.0"}, {containerd, "2.2.10", "0.11.0"},
		{containerd, "2.3.7", "0.12.0"}, {containerd, "2.4.2", "0.12.3"}, {containerd, "2.5.0", ""}, {containerd, "v2.4.9-k3s1", "0.12.3"},
		{crio, "1.25.9", ""}, {crio, "1.32.13", "0.9.0"}, {crio, "1.33.13", "0.9.0"}, {crio, "1.34.0", "0.9.0"}, {crio, "1.34.14", "0.10.0"},
		{crio, "1.35.9", "0.11.0"}, {crio, "1.36.6", "0.11.0"}, {crio, "1.37.1", "0.12.0"}, {crio, "1.38.0", ""}, {"other", "1.0.0", ""},
	} {
		v, _ := parseVersion(test.version)
		if got, ok := table.brings(test.component, v); got.NRI.text != test.nri || ok != (test.nri != "") {
			t.Errorf("%s %s: %q", test.component, test.version, got.NRI.text)
		}
	}
}

func TestCheckNRI(t *testing.T) {
	for _, test := range []struct {
		component, version string
		want               want
	}{
		{containerd, "1.7.35", want{OK, "containerd 1.7.35 has NRI 0.8.0; without validation (0.10.0), kernel settings (0.11.0), failure policies (0.12.4)"}},
		{containerd, "2.4.2", want{OK, "has NRI 0.12.3: plugins validate containers, and the default validator can require them; it carries sysctls, " +
			"seccomp profiles and namespaces; without failure policies (0.12.4)"}},
		{crio, "1.34.0", want{OK, "a commit of May 2025 before it, has not"}},
		{crio, "1.34.1", want{OK, "has NRI 0.10.0: plugins validate"}},
		{containerd, "2.5.0", want{Warning, "does not know its NRI version (as of 2"}},
	} {
		v, _ := parseVersion(test.version)
		n := &Node{runtimes: []containerRuntime{{component: test.component, version: v}}}
		expect(t, run(t, checkNRI, n), test.want)
	}
}
