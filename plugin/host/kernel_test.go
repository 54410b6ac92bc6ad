package host

import "testing"

func TestAtLeast(t *testing.T) {
	for release, want := range map[string]bool{
		"5.12.0": true, "5.12": true, "5.12-rc1": true, "5.11.22": false, "6.1.0-13-amd64": true, "4.18.0-553.el8_10.x86_64": false,
		"10.0.1": true, "5.4.0": false, "": false, "x": false, "6": false,
	} {
		if got := atLeast(release, 5, 12); got != want {
			t.Errorf("%q: %v", release, got)
		}
	}
}
