package breakage

import (
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// TestWritableVolumeRemoved: whatever rule removes a volume that could be written to.
func TestWritableVolumeRemoved(t *testing.T) {
	for name, c := range map[string]struct {
		mount specs.Mount
		want  int
	}{
		"writable":     {specs.Mount{Destination: "/data", Options: []string{"rbind", "rw"}}, 1},
		"by default":   {specs.Mount{Destination: "/data"}, 1},
		"read-only":    {specs.Mount{Destination: "/data", Options: []string{"rbind", "ro"}}, 0},
		"rw after all": {specs.Mount{Destination: "/data", Options: []string{"ro", "rw"}}, 1},
		"a device":     {specs.Mount{Destination: "/dev/sda"}, 0},
		"a hosts file": {specs.Mount{Destination: "/etc/hosts"}, 0},
	} {
		a := &adjustment{before: &specs.Spec{Mounts: []specs.Mount{c.mount}}, after: &specs.Spec{}}
		got := writableVolumeRemoved(a)
		if len(got) != c.want || c.want == 1 && got[0].field != "mounts./data" {
			t.Errorf("%s: %v", name, got)
		}
		if a.after = a.before; len(writableVolumeRemoved(a)) > 0 {
			t.Errorf("%s: it stays", name)
		}
	}
}
