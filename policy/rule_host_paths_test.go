package policy

import (
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// TestHostPathsEarly judges what NRI shows: the mounts and nothing else.
func TestHostPathsEarly(t *testing.T) {
	full := newSpec(withMount(bind("/logs", "/var/log")))
	sub := subject(&specs.Spec{Mounts: full.Mounts})
	set := compileDocs(t, policyDoc("test", "hostPaths: {}"))
	want := []string{"hostPaths: host path /var/log at /logs is not allowed (allowed: none)"}
	if got := findings(set.Evaluate(sub, Partial)); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestHostPaths(t *testing.T) {
	plain := fakeHost{links: map[string]string{}}
	usual := fakeHost{links: map[string]string{"/var/run": "/run", "/data/link": "/etc", "/data/in": "/data/real", "/logs": "/var/log"}}
	rw := []string{"rbind", "rprivate", "rw"}
	for _, tt := range []struct {
		name    string
		allowed string
		host    Host
		source  string
		options []string
		want    string // finding, "" for none
	}{
		{"nothing allowed", "[]", plain, "/opt/x", rw, "host path /opt/x at /x is not allowed (allowed: none)"},
		{"allowed", "[{path: /data}]", plain, "/data", rw, ""},
		{"below", "[{path: /data}]", plain, "/data/a/b", rw, ""},
		{"by component", "[{path: /data}]", plain, "/database", rw, "host path /database at /x is not allowed (allowed: /data)"},
		{"above", "[{path: /data/a}]", plain, "/data", rw, "host path /data at /x is not allowed (allowed: /data/a)"},
		{"dots", "[{path: /data}]", plain, "/data/../etc", rw, `host path /data/../etc at /x is not allowed: it contains ".." (allowed: /data)`},
		{"dots behind a link", "[{path: /data}]", plain, "/data/link/..", rw, `host path /data/link/.. at /x is not allowed: it contains ".." (allowed: /data)`},
		{"slashes", "[{path: /data}]", plain, "//data///a/", rw, ""},
		{"root covers", "[{path: /}]", plain, "/srv", rw, ""},
		{"symlink out", "[{path: /data}]", usual, "/data/link/ssh", rw, "host path /data/link/ssh (that is /etc/ssh) at /x is not allowed (allowed: /data)"},
		{"symlink within", "[{path: /data}]", usual, "/data/in", rw, ""},
		{"symlink allowed", "[{path: /logs}]", usual, "/var/log/app", rw, ""},
		{"symlink not seen", "[{path: /data}]", NoHost{}, "/data/link", rw, ""},
		{"no host at all", "[{path: /data}]", nil, "/data/link", rw, ""},
		{"well-known alias not seen", "[{path: /var/run/app}]", NoHost{}, "/run/app/sock", rw, ""},
		{"alias by component", "[{path: /run/app}]", NoHost{}, "/var/running/app", rw, "host path /var/running/app at /x is not allowed (allowed: /run/app)"},
		{
			"cannot be resolved", "[{path: /data}]", fakeHost{links: map[string]string{}, denied: "/data/secret"}, "/data/secret/x", rw,
			"host path /data/secret/x at /x is not allowed: permission denied (allowed: /data)",
		},
		{"writable", "[{path: /data, readOnly: true}]", plain, "/data", rw, "host path /data at /x is writable (allowed: /data read-only)"},
		{"writable by default", "[{path: /data, readOnly: true}]", plain, "/data", []string{"rbind"}, "host path /data at /x is writable (allowed: /data read-only)"},
		{"read-only", "[{path: /data, readOnly: true}]", plain, "/data", []string{"rbind", "ro"}, ""},
		{"recursively read-only", "[{path: /data, readOnly: true}]", plain, "/data", []string{"rbind", "rro"}, ""},
		{"recursively read-only, but writable", "[{path: /data, readOnly: true}]", plain, "/data", []string{"rbind", "rro", "rw"}, "host path /data at /x is writable (allowed: /data read-only)"},
		{"both forms", "[{path: /data, readOnly: true}]", plain, "/data", []string{"rbind", "ro", "rro"}, ""},
		{"read-only, then writable", "[{path: /data, readOnly: true}]", plain, "/data", []string{"rbind", "ro", "rw"}, "host path /data at /x is writable (allowed: /data read-only)"},
		{"read-only, recursively writable", "[{path: /data, readOnly: true}]", plain, "/data", []string{"rbind", "ro", "rrw"}, "host path /data at /x is writable (allowed: /data read-only)"},
		{"the longest path counts", "[{path: /data}, {path: /data/a, readOnly: true}]", plain, "/data/a/b", rw, "host path /data/a/b at /x is writable (allowed: /data/a read-only)"},
		{"slave", "[{path: /data}]", plain, "/data", []string{"rbind", "rslave"}, "host path /data at /x has propagation HostToContainer (allowed: /data)"},
		{"shared", "[{path: /data, propagation: HostToContainer}]", plain, "/data", []string{"rbind", "rshared"}, "host path /data at /x has propagation Bidirectional (allowed: /data HostToContainer)"},
		{"shared, then private", "[{path: /data}]", plain, "/data", []string{"rbind", "shared", "private"}, "host path /data at /x has propagation Bidirectional (allowed: /data)"},
		{"slave allowed", "[{path: /data, propagation: HostToContainer}]", plain, "/data", []string{"rbind", "rslave"}, ""},
		{"shared allowed", "[{path: /data, propagation: Bidirectional}]", plain, "/data", []string{"rbind", "rshared"}, ""},
		{"many allowed", "[{path: /a}, {path: /b}, {path: /c}, {path: /d}, {path: /e}, {path: /f}, {path: /g}, {path: /h}]", plain, "/x", rw, "host path /x at /x is not allowed (allowed: /a, /b, /c, /d, /e, /f, and 2 more)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sub := subject(newSpec(withMount(bind("/x", tt.source, tt.options...))))
			sub.Host = tt.host
			got := findings(compileDocs(t, policyDoc("test", "hostPaths: {allowed: "+tt.allowed+"}")).Evaluate(sub, Complete))
			want := []string{"hostPaths: " + tt.want}
			if tt.want == "" {
				want = nil
			}
			if !slices.Equal(got, want) {
				t.Errorf("\n got %q\nwant %q", got, want)
			}
		})
	}
}

func TestHostPathsLoad(t *testing.T) {
	for rule, want := range map[string]string{
		"{allowed: [{readOnly: true}]}":                "0.yaml:6:27: spec.rules.hostPaths.allowed[0].path: is missing",
		"{allowed: [{path: /a, propagation: Shared}]}": `0.yaml:6:51: spec.rules.hostPaths.allowed[0].propagation: "Shared" is not one of None, HostToContainer, Bidirectional`,
		"{allowed: [{path: /a}, {path: /a}]}":          "0.yaml:6:26: spec.rules.hostPaths.allowed: has /a twice",
		"{forbidden: []}":                              "0.yaml:6:28: spec.rules.hostPaths.forbidden: is an empty list; leave it out to forbid no path",
		"{forbidden: [/a, /b, /a]}":                    "0.yaml:6:28: spec.rules.hostPaths.forbidden: has /a twice",
		"{forbidden: [a]}":                             `0.yaml:6:29: spec.rules.hostPaths.forbidden[0]: "a" cannot be used here (allowed: RuntimeSockets, or an absolute path without "..", "//" or a slash at its end)`,
		"{forbidden: [runtimeSockets]}":                `0.yaml:6:29: spec.rules.hostPaths.forbidden[0]: "runtimeSockets" cannot be used here (allowed: RuntimeSockets, or an absolute path without "..", "//" or a slash at its end)`,
		"{forbidden: [{path: /a}]}":                    `0.yaml:6:29: spec.rules.hostPaths.forbidden[0]: must be a single value, not a mapping`,
		"{forbidden: [/a], allowed: [{path: /a/b}]}":   "0.yaml:6:43: spec.rules.hostPaths.allowed: has /a/b, which is forbidden by /a",
		"{forbidden: [/a/b], allowed: [{path: /a}]}":   "",
		"{allowed: [/a]}":                              `0.yaml:6:27: spec.rules.hostPaths.allowed[0]: must be a mapping, not "/a"`,
		"{allowed: [{path: a}]}":                       `0.yaml:6:34: spec.rules.hostPaths.allowed[0].path: "a" cannot be used as a path here (allowed: an absolute path without "..", "//" or a slash at its end)`,
	} {
		if got := loadError("hostPaths: " + rule); got != want {
			t.Errorf("%s:\n got %s\nwant %s", rule, got, want)
		}
	}
}

// countingHost counts how often a path is resolved.
type countingHost struct {
	fakeHost
	calls map[string]int
}

func (c countingHost) ResolvePath(p string) (resolved string, links []string, err error) {
	c.calls[p]++
	return c.fakeHost.ResolvePath(p)
}

// TestHostPathsResolvedOnce: in one decision a path has one answer, however
// many policies and rounds ask for it; the next decision asks again.
func TestHostPathsResolvedOnce(t *testing.T) {
	host := countingHost{fakeHost{links: map[string]string{}}, map[string]int{}}
	sub := subject(newSpec(withMount(bind("/x", "/data", "rw"))))
	sub.Host = host
	set := compileDocs(t,
		policyDoc("a", "hostPaths: {onViolation: adjust, allowed: [{path: /data, readOnly: true}]}"),
		policyDoc("b", "hostPaths: {allowed: [{path: /data}]}"),
	)
	for round := range 2 {
		if d := set.Evaluate(sub, Complete); d.Outcome() != Adjusted {
			t.Fatal(findings(d))
		}
		for p, n := range host.calls {
			if n != round+1 {
				t.Errorf("%s resolved %d times in %d decisions", p, n, round+1)
			}
		}
	}
	if host.calls["/data"] == 0 {
		t.Error("not counted")
	}
}
