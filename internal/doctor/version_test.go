package doctor

import "testing"

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]version{
		"1.1.5":               {semver: "v1.1.5"},
		"v2.4.2":              {semver: "v2.4.2"},
		"1.20":                {semver: "v1.20.0"},
		"1.0.0-rc95":          {semver: "v1.0.0-rc.95"},
		"1.4.0-rc.3":          {semver: "v1.4.0-rc.3"},
		"2.1.0-beta.0":        {semver: "v2.1.0-beta.0"},
		"1.37.0-dev":          {semver: "v1.37.0-dev"},
		"1.1.5+ds1":           {semver: "v1.1.5", packaged: true},
		"1.1.5+ds1-1+deb12u1": {semver: "v1.1.5", packaged: true},
		"1.1.12-0ubuntu3.1":   {semver: "v1.1.12", packaged: true},
		"1.6.20~ds1":          {semver: "v1.6.20", packaged: true},
		"1.25.1-5.rhaos4.12":  {semver: "v1.25.1", packaged: true},
		"1.2.0-rc.2+dev":      {semver: "v1.2.0-rc.2", packaged: true},
		"v1.7.11-k3s2":        {semver: "v1.7.11", packaged: true},
	} {
		want.text = text
		if got, ok := parseVersion(text); got != want || !ok {
			t.Errorf("%s: %+v, %v, want %+v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "unknown", "1", "one.two"} {
		if got, ok := parseVersion(text); ok {
			t.Errorf("%q: %+v", text, got)
		}
	}
}
