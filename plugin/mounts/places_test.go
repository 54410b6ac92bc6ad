package mounts

import (
	"slices"
	"testing"

	"github.com/specguard/specguard/policy"
)

func TestPlaces(t *testing.T) {
	p := NewPlaces(append(node(t), table(t,
		"12 1 0:20 /containerd/containerd.sock /srv/sub rw tmpfs", "13 4 0:33 / /run/containerd/x/shm rw tmpfs", "14 1 0:20 /old//deleted /gone rw tmpfs")...))
	for at, want := range map[string][]policy.Location{
		"/etc":                  {{Device: "8:1", Root: "/etc"}},
		"/run/containerd/a":     {{Device: "0:20", Root: "/containerd/a"}},
		"/run/containerd/":      {{Device: "0:20", Root: "/containerd"}, {Device: "0:33", Root: "/"}},
		"/srv/sub":              {{Device: "0:20", Root: "/containerd/containerd.sock"}},
		"/srv":                  {{Device: "8:1", Root: "/srv"}, {Device: "0:20", Root: "/containerd/containerd.sock"}},
		"/data":                 {{Device: "8:2", Root: "/"}, {Device: "8:3", Root: "/"}},
		"/mnt/old/x":            {{Device: "8:1", Root: "/srv/new/old/x"}},
		"/mnt":                  {{Device: "8:1", Root: "/srv/new"}, {Device: "8:4", Root: "/"}},
		"/gone":                 {{Device: "0:20", Root: "/old"}},
		"/run/containerd/x/shm": {{Device: "0:33", Root: "/"}},
	} {
		if got, err := p.Shown(at); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v, want %v", at, got, err, want)
		}
	}
	if all, err := p.Shown("/"); err != nil || len(all) != 14 {
		t.Errorf("/: %v, %v", all, err)
	}
	if _, err := NewPlaces(nil).Shown("/"); err == nil {
		t.Error("an empty table shows something")
	}
}
