package similar

import "testing"

func TestTo(t *testing.T) {
	names := []string{"hostPaths", "hostPorts", "policy-dir", "profile", "on", "seccompProfile", "check", "audit"}
	for given, want := range map[string]string{
		"hostPath": "hostPaths", "hostPorst": "hostPorts", "HOSTPATHS": "hostPaths", "polcy-dir": "policy-dir", "seccomp": "seccompProfile",
		"chekc": "check", "cehck": "check", "no": "on", "xyz": "", "": "", "a": "", "o": "on", "adit": "audit", "privileged": "",
	} {
		if got := To(given, names); got != want {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
	if got := Hint("chek", names); got != ": did you mean check?" {
		t.Error(got)
	}
	if got := Hint("zzzzzz", names); got != "" {
		t.Error(got)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "ab", 2}, {"ab", "", 2}, {"ab", "ba", 1}, {"abc", "acb", 1}, {"kitten", "sitting", 3}, {"ä", "a", 1}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q, %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
