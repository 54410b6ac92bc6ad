package manifest

import (
	"slices"
	"testing"
)

func TestReferences(t *testing.T) {
	const digest = "@sha256:0123"
	for asked, want := range map[string]string{
		"nginx":                               "docker.io/library/nginx:latest",
		"nginx:1.27":                          "docker.io/library/nginx:1.27",
		"team/web":                            "docker.io/team/web:latest",
		"docker.io/nginx":                     "docker.io/library/nginx:latest",
		"docker.io/team/web:1":                "docker.io/team/web:1",
		"index.docker.io/nginx":               "docker.io/library/nginx:latest",
		"registry.example.com/web":            "registry.example.com/web:latest",
		"registry.example.com:5000/web":       "registry.example.com:5000/web:latest",
		"registry.example.com:5000/web:1":     "registry.example.com:5000/web:1",
		"localhost/web":                       "localhost/web:latest",
		"Registry/web":                        "Registry/web:latest",
		"nginx" + digest:                      "docker.io/library/nginx" + digest,
		"registry.example.com/web:1" + digest: "registry.example.com/web" + digest,
	} {
		full, others := references(asked)
		if full != want || full == asked && others != nil || full != asked && !slices.Equal(others, []string{asked}) {
			t.Errorf("%s: %s %q", asked, full, others)
		}
	}
}

func TestQuantity(t *testing.T) {
	for text, want := range map[string]int64{ // thousandths
		"0": 0, "1": 1000, "+1": 1000, "1.": 1000, ".5": 500, "0.5": 500, "500m": 500, "1u": 1, "1n": 1, "0.0001": 1, "1500n": 1, "2k": 2e6, "1M": 1e9, "1G": 1e12,
		"1Ki": 1024e3, "1.5Gi": 1610612736e3, "1Mi": 1048576e3, "1e3": 1e6, "1E3": 1e6, "1e-3": 1, "1E": 1<<63 - 1, "16Ei": 1<<63 - 1, "1P": 1e18, "1Ti": 1 << 40 * 1000,
	} {
		var q quantity
		if err := q.UnmarshalText([]byte(text)); err != nil || q.milli() != want {
			t.Errorf("%s: %d, %v", text, q, err)
		}
	}
	for _, text := range []string{"", "-1", "a", "1 Gi", "1gi", "1mi", "0x10", "1e", "1e1000", "1e3k", "1/2", ".", "1_000", "१"} {
		var q quantity
		if err := q.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: %d", text, q)
		}
	}
	if got := quantity(1).value(); got != 1 {
		t.Errorf("rounds up: %d", got)
	}
	if got := quantity(1<<63 - 1).value(); got != 9223372036854776 {
		t.Errorf("%d", got)
	}
}
