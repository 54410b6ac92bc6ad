package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const smallList = `reviewed: 2026-11-30
components:
- {name: runc, source: "https://x.org/", maintained: ["1.4", "1.5"]}
vulnerabilities:
- {id: CVE-2099-1, component: runc, summary: s, source: "https://x.org/", affected: [{fixed: 1.5.9}]}
`

func listFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "list.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadData(t *testing.T) {
	d, err := ReadData(listFile(t, smallList))
	if err != nil || d.Reviewed.String() != "2026-11-30" || !reports(d, "runc", "CVE-2099-1", "1.5.3") || reports(d, "runc", "CVE-2019-5736", "1.0.0-rc6") {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestReadDataFaults(t *testing.T) {
	change := func(from, to string) string { return strings.Replace(smallList, from, to, 1) }
	for name, test := range map[string]struct{ text, want string }{
		"empty":             {"", ":1:1: a list of vulnerabilities has reviewed, components and vulnerabilities"},
		"syntax":            {"a: [", ":1:"},
		"unknown field":     {change("summary: s", "says: s"), `:5:37: vulnerabilities[0]: unknown field "says"`},
		"duplicate field":   {change("summary: s", "summary: s, summary: s"), `duplicate field "summary"`},
		"day":               {change("2026-11-30", "30.11.2026"), `:1:11: reviewed: "30.11.2026" is not a day such as 2026-11-28`},
		"no day":            {change("reviewed: 2026-11-30\n", ""), ":1:1: a list"},
		"identifier":        {change("CVE-2099-1", "X-1"), `:5:8: vulnerabilities[0].id: "X-1" is not an identifier`},
		"no identifier":     {change("id: CVE-2099-1, ", ""), ":5:3: vulnerabilities[0]: a vulnerability has id"},
		"no component":      {change("component: runc, ", ""), "a vulnerability has id, component"},
		"unknown component": {change("component: runc", "component: podman"), `:5:8: vulnerabilities[0].id: the component "podman" is not in components`},
		"two lines":         {change("summary: s", `summary: "s\nt"`), "must be one line"},
		"no source":         {change(`source: "https://x.org/", aff`, "aff"), `source: "" is not an https address`},
		"source":            {change(`source: "https://x.org/", aff`, `source: "http://x.org/", aff`), `:5:57: vulnerabilities[0].source: "http://x.org/" is not an https address`},
		"version":           {change("1.5.9", "1.5.9+ds1"), `vulnerabilities[0].affected[0].fixed: "1.5.9+ds1" is not an upstream version`},
		"no versions":       {change("[{fixed: 1.5.9}]", "[]"), "affected: no versions"},
		"endless":           {change("{fixed: 1.5.9}", "{introduced: 1.5.0}"), "vulnerabilities[0].affected: range 1: needs either fixed or before"},
		"two ends":          {change("{fixed: 1.5.9}", "{fixed: 1.5.9, before: 1.6.0}"), "range 1: needs either fixed or before"},
		"empty range":       {change("{fixed: 1.5.9}", "{introduced: 1.6.0, fixed: 1.5.9}"), "range 1 is empty"},
		"no beginning":      {change("{fixed: 1.5.9}", "{fixed: 1.4.9}, {fixed: 1.5.9}"), "range 2: introduced is missing"},
		"out of order":      {change("{fixed: 1.5.9}", "{fixed: 1.5.9}, {introduced: 1.4.0, fixed: 1.4.4}"), "range 2 is empty, or not after"},
		"twice": {smallList + `- {id: CVE-2099-1, component: runc, summary: s, source: "https://x.org/", affected: [{fixed: 1.5.9}]}` + "\n",
			":6:8: vulnerabilities[1].id: CVE-2099-1 runc occurs twice"},
		"series":         {change(`"1.4", "1.5"`, `"1.5", "1.4"`), ":3:54: components[0].maintained: the series must be in order"},
		"no name":        {change("name: runc, ", ""), "a component has a name"},
		"two documents":  {smallList + "---\n{}\n", "a second document"},
		"anchors":        {change("summary: s", "summary: &a s"), "anchors and aliases are not allowed"},
		"none of either": {"reviewed: 2026-11-30\ncomponents: []\nvulnerabilities: []\n", "a list of vulnerabilities has"},
	} {
		t.Run(name, func(t *testing.T) {
			path := listFile(t, test.text)
			_, err := ReadData(path)
			if err == nil || !strings.HasPrefix(err.Error(), path+":") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
	if _, err := ReadData("/none"); err == nil || !strings.Contains(err.Error(), "/none: no such file") {
		t.Errorf("%v", err)
	}
}

// TestAge has lists of several ages. Only a fresh one says "none known".
func TestAge(t *testing.T) {
	v, _ := parseVersion("1.5.10")
	older := strings.Replace(smallList, "2026-11-30", "2026-11-01", 1)
	for _, test := range []struct {
		name, list, today string // the list's text; "" for the built-in one
		version           string
		want              []want
	}{
		{"new", "", "2026-11-28", "1.5.3", []want{{OK, "the built-in list of 2026-11-28"}, {OK, "none known for runc 1.5.3"}}},
		{"60 days", "", "2027-01-27", "1.5.3", []want{{OK, "of 2026-11-28"}, {OK, "none known"}}},
		{"61 days", "", "2027-01-28", "1.5.3", []want{{Warning, "that is 61 days ago"}, {Warning, "nothing is listed for runc 1.5.3, but the list is not reliable"}}},
		{"old, and vulnerable", "", "2028-01-01", "1.5.2", []want{{Warning, "days ago, and it does not contain what was found since -> get a newer list"}, {Problem, "CVE-2026-119101"}}},
		{"yesterday's clock", "", "2026-11-27", "1.5.3", []want{{OK, "of 2026-11-28"}, {OK, "none known"}}},
		{"to come", "", "2026-01-01", "1.5.3", []want{{Warning, "that date is in the future -> set the node's clock"}, {Warning, "is not reliable"}}},
		{"a newer file", smallList, "2026-11-30", "1.5.3", []want{{OK, "list.yaml of 2026-11-30, 1 entries"}, {Problem, "CVE-2099-1"}}},
		{"nothing in the file", smallList, "2026-11-30", "1.5.10", []want{{OK, "list.yaml"}, {OK, "none known for runc 1.5.10 (as of 2026-11-30)"}}},
		{"an older file", older, "2026-11-30", "1.5.10", []want{{Warning, "the built-in list is newer: 2026-11-28 -> leave --data out"}, {Warning, "is not reliable"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := &Node{Settings: Settings{Now: onDay(test.today)}}
			if test.list != "" {
				var err error
				if n.Data, err = ReadData(listFile(t, test.list)); err != nil {
					t.Fatal(err)
				}
			}
			v, _ = parseVersion(test.version)
			n.programs = []program{{component: "runc", version: v}}
			expect(t, run(t, checkVulnerabilities, n), test.want...)
		})
	}
}
