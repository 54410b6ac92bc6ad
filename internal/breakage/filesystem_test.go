package breakage

import (
	"strings"
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
		if c.want == 1 && !strings.Contains(got[0].text, "into the container's own layer") {
			t.Errorf("%s: %v", name, got)
		}
		if a.after = a.before; len(writableVolumeRemoved(a)) > 0 {
			t.Errorf("%s: it stays", name)
		}
	}
}

// TestInThePlaceOfAVolume: what is mounted where a volume was says where data goes.
func TestInThePlaceOfAVolume(t *testing.T) {
	volume := specs.Mount{Destination: "/data/db", Type: "bind", Source: "/srv/db", Options: []string{"rbind", "rw"}}
	tmpfs := func(at string) specs.Mount { return specs.Mount{Destination: at, Type: "tmpfs", Source: "tmpfs"} }
	other := specs.Mount{Destination: "/data", Type: "bind", Source: "/srv"}
	for name, c := range map[string]struct {
		after specs.Spec
		want  string
	}{
		"a tmpfs":           {specs.Spec{Mounts: []specs.Mount{tmpfs("/data/db")}}, "goes into an empty tmpfs at /data/db, counts as memory"},
		"a tmpfs around it": {specs.Spec{Mounts: []specs.Mount{tmpfs("/data"), tmpfs("/dat")}}, "goes into an empty tmpfs at /data,"},
		"the innermost":     {specs.Spec{Mounts: []specs.Mount{tmpfs("/data/db"), other}}, "empty tmpfs at /data/db"},
		"another volume":    {specs.Spec{Mounts: []specs.Mount{other}}, "goes into the mount at /data"},
		"nothing":           {specs.Spec{Mounts: []specs.Mount{tmpfs("/")}}, "the container's own layer"},
		"read-only":         {specs.Spec{Root: &specs.Root{Readonly: true}}, `fails with "read-only file system"`},
		"itself, read-only": {specs.Spec{Mounts: []specs.Mount{{Destination: "/data/db", Type: "bind", Source: "/srv/db", Options: []string{"ro"}}}}, ""},
	} {
		got := writableVolumeRemoved(&adjustment{before: &specs.Spec{Mounts: []specs.Mount{volume}}, after: &c.after})
		if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || !strings.Contains(got[0].text, c.want)) {
			t.Errorf("%s: %v", name, got)
		}
	}
}
