package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func TestHostPathsAdjust(t *testing.T) {
	const rule = "hostPaths: {onViolation: adjust, remove: writable, allowed: [{path: /data, readOnly: true, propagation: HostToContainer}, {path: /srv}]}"
	spec := newSpec()
	kept := len(spec.Mounts)
	spec.Mounts = slices.Concat([]specs.Mount{bind("/0", "/etc", "rbind")}, spec.Mounts, []specs.Mount{
		bind("/1", "/data/a", "rbind", "rshared", "rw"),
		bind("/2", "/root", "rbind"),
		bind("/3", "/data/b", "rbind", "rslave", "nosuid", "ro"),
		bind("/4", "/srv", "rbind", "rslave", "rw"),
	})
	before := slices.Clone(spec.Mounts)
	d := decide(t, spec, rule)
	want := []specs.Mount{
		bind("/1", "/data/a", "rbind", "ro", "rro", "rslave"),
		bind("/3", "/data/b", "rbind", "rslave", "nosuid", "ro"),
		bind("/4", "/srv", "rbind", "rw", "rprivate"),
	}
	same := func(a, b specs.Mount) bool {
		return a.Destination == b.Destination && a.Source == b.Source && a.Type == b.Type && slices.Equal(a.Options, b.Options)
	}
	if d.Outcome() != Adjusted || !slices.EqualFunc(d.Spec.Mounts[kept:], want, same) {
		t.Errorf("%v %q %+v", d.Outcome(), findings(d), d.Spec.Mounts[kept:])
	}
	wantChanges := []string{
		"hostPaths: removed host path /etc at /0",
		"hostPaths: made host path /data/a at /1 read-only",
		"hostPaths: lowered the propagation of host path /data/a at /1 to HostToContainer",
		"hostPaths: removed host path /root at /2",
		"hostPaths: lowered the propagation of host path /srv at /4 to None",
	}
	if got := changes(d); !slices.Equal(got, wantChanges) {
		t.Errorf("\n got %q\nwant %q", got, wantChanges)
	}
	if !slices.EqualFunc(spec.Mounts, before, same) {
		t.Error("the spec that was judged has changed")
	}
	if again := decide(t, d.Spec, rule); again.Outcome() != Allowed {
		t.Errorf("adjusted twice: %q", changes(again))
	}
}

// A runtime makes the root filesystem shared for the sake of a shared mount.
func TestHostPathsRootPropagation(t *testing.T) {
	const rule = "hostPaths: {onViolation: adjust, remove: writable, allowed: [{path: /data}, {path: /both, propagation: Bidirectional}]}"
	shared := bind("/1", "/data", "rbind", "rshared")
	both := bind("/2", "/both", "rbind", "rshared")
	for _, tt := range []struct {
		name, root string
		mounts     []specs.Mount
		want       string
	}{
		{"lowered", "rshared", []specs.Mount{shared}, "rslave"},
		{"removed", "shared", []specs.Mount{bind("/1", "/etc", "rshared")}, "rslave"},
		{"one is left", "rshared", []specs.Mount{shared, both}, "rshared"},
		{"not shared", "private", []specs.Mount{shared}, "private"},
		{"not given", "", []specs.Mount{shared}, ""},
	} {
		spec := newSpec(func(s *specs.Spec) {
			s.Linux.RootfsPropagation = tt.root
			s.Mounts = append(s.Mounts, tt.mounts...)
		})
		d := decide(t, spec, rule)
		if d.Outcome() != Adjusted || d.Spec.Linux.RootfsPropagation != tt.want {
			t.Errorf("%s: %s, %q, want %q", tt.name, d.Outcome(), d.Spec.Linux.RootfsPropagation, tt.want)
		}
	}
}

// An old kernel refuses recursive options.
func TestHostPathsAdjustOldKernel(t *testing.T) {
	for old, want := range map[bool]string{true: "rbind ro", false: "rbind ro rro"} {
		sub := subject(newSpec(withMount(bind("/x", "/data", "rbind", "rw", "rrw"))))
		sub.Host = fakeHost{links: map[string]string{}, oldKernel: old}
		d := compileDocs(t, policyDoc("test", "hostPaths: {onViolation: adjust, remove: writable, allowed: [{path: /data, readOnly: true}]}")).Evaluate(sub, Complete)
		if got := strings.Join(d.Spec.Mounts[len(d.Spec.Mounts)-1].Options, " "); got != want || d.Outcome() != Adjusted {
			t.Errorf("old: %t: %s %q, want %q", old, d.Outcome(), got, want)
		}
	}
}

// TestHostPathsUncover: what a mount hides of a volume, or of another path of the host,
// does not come to light. The files of the image and of the kernel may.
func TestHostPathsUncover(t *testing.T) {
	const volume = "/var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~empty-dir/e"
	const rule = "hostPaths: {onViolation: adjust, remove: writable, allowed: [{path: /srv/data}]}"
	hides := func(at string) specs.Mount { return bind(at, "/empty", "rbind", "ro") }
	for _, tt := range []struct {
		name   string
		mounts []specs.Mount
		want   Outcome
	}{
		{"a part of an allowed path", []specs.Mount{bind("/data", "/srv/data", "rbind"), hides("/data/secret")}, Denied},
		{"all of it", []specs.Mount{bind("/data", "/srv/data", "rbind"), hides("/data/")}, Denied},
		{"a part of a volume", []specs.Mount{bind("/data", volume, "rbind"), hides("/data/a/b")}, Denied},
		{"a part of a read-only volume", []specs.Mount{bind("/data", volume, "rbind", "ro"), hides("/data/a")}, Denied},
		{"a folder beside a volume", []specs.Mount{bind("/data", volume, "rbind"), hides("/database")}, Adjusted},
		{"a folder of the image", []specs.Mount{hides("/etc/ssl")}, Adjusted},
		{"a part of what goes too", []specs.Mount{bind("/data", "/var", "rbind"), hides("/data/lib")}, Adjusted},
		{"a part of /proc", []specs.Mount{hides("/proc/sys")}, Adjusted},
		{"a masked path", []specs.Mount{hides("/sys/firmware")}, Adjusted},
		{"the kubelet's hosts file", []specs.Mount{hides("/etc/hosts")}, Adjusted},
	} {
		spec := newSpec(func(s *specs.Spec) { s.Mounts = append(s.Mounts, tt.mounts...) })
		d := decide(t, spec, rule)
		if d.Outcome() != tt.want {
			t.Errorf("%s: %s %q %q", tt.name, d.Outcome(), findings(d), changes(d))
		}
		if tt.want == Adjusted && (!slices.Equal(d.Spec.Linux.MaskedPaths, spec.Linux.MaskedPaths) || len(d.Spec.Mounts) >= len(spec.Mounts)) {
			t.Errorf("%s: %v %v", tt.name, d.Spec.Linux.MaskedPaths, d.Spec.Mounts)
		}
	}
}

// TestSharedVolumes: what a container mounts in a volume is seen by the host only where
// a path says so.
func TestSharedVolumes(t *testing.T) {
	const volume = "/var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~empty-dir/e"
	tmpfs := func(options ...string) specs.Mount {
		return specs.Mount{Destination: "/x", Type: "tmpfs", Source: "tmpfs", Options: options}
	}
	for _, tt := range []struct {
		name, allowed string
		mount         specs.Mount
		want          string // what is found; "" for nothing
		root          string // what propagation the root filesystem has once it is adjusted
	}{
		{"private", "[]", bind("/x", volume, "rbind", "rprivate"), "", "rslave"},
		{"slave", "[]", bind("/x", volume, "rbind", "rslave"), "", "rslave"},
		{"shared", "[]", bind("/x", volume, "rbind", "rshared"), "emptyDir at /x has propagation Bidirectional (allowed: None, HostToContainer)", "rslave"},
		{"shared, then private", "[]", bind("/x", volume, "rbind", "shared", "private"), "emptyDir at /x has propagation Bidirectional (allowed: None, HostToContainer)", "rslave"},
		{"a runtime's file", "[]", bind("/etc/hosts", "/var/lib/kubelet/pods/3f2a/etc-hosts", "rbind", "rshared"), "mount at /etc/hosts has propagation Bidirectional (allowed: None, HostToContainer)", "rslave"},
		{"a tmpfs", "[]", tmpfs("rshared"), "tmpfs at /x has propagation Bidirectional (allowed: None, HostToContainer)", "rslave"},
		{"a tmpfs, whatever is allowed", "[{path: /, propagation: Bidirectional}]", tmpfs("shared"), "tmpfs at /x has propagation Bidirectional (allowed: None, HostToContainer)", "rslave"},
		{"a path above", "[{path: /, propagation: Bidirectional}]", bind("/x", volume, "rbind", "rshared"), "emptyDir at /x has propagation Bidirectional (allowed: None, HostToContainer)", "rslave"},
		{"the kubelet's folder", "[{path: /var/lib/kubelet/pods, propagation: Bidirectional}]", bind("/x", volume, "rbind", "rshared"), "", "rshared"},
		{"the folder, with less", "[{path: /var/lib/kubelet/pods, propagation: HostToContainer}]", bind("/x", volume, "rbind", "rshared"), "emptyDir at /x has propagation Bidirectional (allowed: None, HostToContainer)", "rslave"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := newSpec(withMount(tt.mount), func(s *specs.Spec) { s.Linux.RootfsPropagation = "rshared" })
			var want []string
			if tt.want != "" {
				want = []string{"hostPaths: " + tt.want}
			}
			sub := subject(&specs.Spec{Mounts: spec.Mounts})
			set := compileDocs(t, policyDoc("test", "hostPaths: {allowed: "+tt.allowed+"}"))
			if got := findings(set.Evaluate(sub, Partial)); !slices.Equal(got, want) {
				t.Errorf("early %q, want %q", got, want)
			}
			if got := findings(decide(t, spec, "hostPaths: {allowed: "+tt.allowed+"}")); !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			d := decide(t, spec, "hostPaths: {onViolation: adjust, remove: writable, allowed: "+tt.allowed+"}", "rootfsPropagation: {onViolation: adjust}")
			if d.Outcome() == Denied || d.Spec.Linux.RootfsPropagation != tt.root {
				t.Errorf("adjusted: %s, %q", d.Message(), d.Spec.Linux.RootfsPropagation)
			}
			again := decide(t, d.Spec, "hostPaths: {allowed: "+tt.allowed+"}", "rootfsPropagation: {}")
			if again.Outcome() != Allowed {
				t.Errorf("then: %q", findings(again))
			}
		})
	}
	shared := newSpec(withMount(tmpfs("rshared")), func(s *specs.Spec) { s.Linux.RootfsPropagation = "rshared" })
	if d := decide(t, shared, "rootfsPropagation: {}"); d.Outcome() != Denied {
		t.Error("a shared tmpfs is a reason for a shared root filesystem")
	}
}
