package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func TestReadOnlyRootFilesystemCheck(t *testing.T) {
	tests := []struct {
		name string
		spec *specs.Spec
		want Outcome
	}{
		{"writable", newSpec(), Denied},
		{"read-only", newSpec(func(s *specs.Spec) { s.Root.Readonly = true }), Allowed},
		{"no root", newSpec(func(s *specs.Spec) { s.Root = nil }), Denied},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := decide(t, tt.spec, `readOnlyRootFilesystem: {}`)
			if d.Outcome() != tt.want {
				t.Errorf("outcome %s, want %s", d.Outcome(), tt.want)
			}
		})
	}
}

func TestReadOnlyRootFilesystemAdjust(t *testing.T) {
	volume := bind("/data", "/var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~empty-dir/data", "rbind", "rw")
	tests := []struct {
		name  string
		rule  string
		opts  []option
		added []string // destinations, in order
		size  string
	}{
		{"none", ``, nil, nil, ""},
		{"two", `writablePaths: [/tmp, /run]`, nil, []string{"/run", "/tmp"}, "size=65536k"},
		{"size", `writablePaths: [/tmp], writableSize: 1M`, nil, []string{"/tmp"}, "size=977k"},
		{"smallest size", `writablePaths: [/tmp], writableSize: "1"`, nil, []string{"/tmp"}, "size=1k"},
		{"mounted there", `writablePaths: [/data]`, []option{withMount(volume)}, nil, ""},
		{"mounted there, odd spelling", `writablePaths: [/data]`, []option{withMount(bind("/data/", "/srv", "rbind"))}, nil, ""},
		{"below a mount", `writablePaths: [/data/cache]`, []option{withMount(volume)}, nil, ""},
		{"beside a mount of similar name", `writablePaths: [/data2]`, []option{withMount(volume)}, []string{"/data2"}, "size=65536k"},
		{"below each other", `writablePaths: [/var/cache, /var]`, nil, []string{"/var"}, "size=65536k"},
		{"a mount on the root counts for nothing", `writablePaths: [/tmp]`, []option{withMount(bind("/", "/srv", "rbind"))}, []string{"/tmp"}, "size=65536k"},
		{"no mounts", `writablePaths: [/tmp]`, []option{func(s *specs.Spec) { s.Mounts = nil }}, []string{"/tmp"}, "size=65536k"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := newSpec(tt.opts...)
			rule := strings.TrimSuffix("onViolation: adjust, "+tt.rule, ", ")
			d := decide(t, before, `readOnlyRootFilesystem: {`+rule+`}`)
			if d.Outcome() != Adjusted || !d.Spec.Root.Readonly {
				t.Fatalf("outcome %s, read-only %v", d.Outcome(), d.Spec.Root.Readonly)
			}
			var added []string
			for _, m := range d.Spec.Mounts {
				if slices.ContainsFunc(before.Mounts, func(b specs.Mount) bool { return b.Destination == m.Destination }) {
					continue
				}
				added = append(added, m.Destination)
				want := []string{"nosuid", "nodev", "mode=1777", tt.size}
				if m.Type != "tmpfs" || m.Source != "tmpfs" || !slices.Equal(m.Options, want) {
					t.Errorf("mount %+v, want a tmpfs with %v", m, want)
				}
			}
			if !slices.Equal(added, tt.added) {
				t.Errorf("added %v, want %v", added, tt.added)
			}
			if len(d.Spec.Mounts) != len(before.Mounts)+len(tt.added) {
				t.Errorf("%d mounts became %d", len(before.Mounts), len(d.Spec.Mounts))
			}
		})
	}
}

// The owner is the user that the container runs as in the end.
func TestReadOnlyRootFilesystemOwner(t *testing.T) {
	rules := []string{`readOnlyRootFilesystem: {onViolation: adjust, writablePaths: [/tmp]}`}
	user := func(s *specs.Spec) { s.Process.User = specs.User{UID: 1000, GID: 2000} }
	for _, tt := range []struct {
		name  string
		rules []string
		spec  *specs.Spec
		want  []string
	}{
		{"root", rules, newSpec(), nil},
		{"user", rules, newSpec(user), []string{"uid=1000", "gid=2000"}},
		{"adjusted user", append(rules, `runAsNonRoot: {onViolation: adjust, runAsUser: 7, runAsGroup: 8}`), newSpec(), []string{"uid=7", "gid=8"}},
		{"no process", rules, newSpec(func(s *specs.Spec) { s.Process = nil }), nil},
	} {
		d := decide(t, tt.spec, tt.rules...)
		i := slices.IndexFunc(d.Spec.Mounts, func(m specs.Mount) bool { return m.Destination == "/tmp" })
		if i < 0 || !slices.Equal(d.Spec.Mounts[i].Options[4:], tt.want) {
			t.Errorf("%s: %+v, want %v", tt.name, d.Spec.Mounts, tt.want)
		}
	}
}

// Mounts below a writable path, by name or by a link in the image, must come
// after it.
func TestReadOnlyRootFilesystemOrder(t *testing.T) {
	lock := specs.Mount{Destination: "/run/lock", Type: "tmpfs", Source: "tmpfs"}
	for _, before := range []*specs.Spec{
		newSpec(),
		newSpec(func(s *specs.Spec) { s.Mounts = slices.Insert(s.Mounts, 2, lock) }),
	} {
		d := decide(t, before, `readOnlyRootFilesystem: {onViolation: adjust, writablePaths: [/run]}`)
		at := func(destination string) int {
			return slices.IndexFunc(d.Spec.Mounts, func(m specs.Mount) bool { return m.Destination == destination })
		}
		run := at("/run")
		if run < 0 || at("/var/run/secrets/kubernetes.io/serviceaccount") < run || at("/proc") > run {
			t.Errorf("/run is mounted at %d of %v", run, d.Spec.Mounts)
		}
		if l := at("/run/lock"); l >= 0 && l < run {
			t.Error("/run hides /run/lock")
		}
	}
}

func TestReadOnlyRootFilesystemKeepsMountsWhenReadOnly(t *testing.T) {
	spec := newSpec(func(s *specs.Spec) { s.Root.Readonly = true })
	d := decide(t, spec, `readOnlyRootFilesystem: {onViolation: adjust, writablePaths: [/tmp]}`)
	if d.Outcome() != Allowed || len(d.Spec.Mounts) != len(newSpec().Mounts) {
		t.Errorf("outcome %s, %d mounts", d.Outcome(), len(d.Spec.Mounts))
	}
}

func TestReadOnlyRootFilesystemLoad(t *testing.T) {
	for _, p := range []string{"/", "/proc", "/sys/x", "/dev/shm", "tmp", "/tmp/", "/a/../b"} {
		if got := loadError(`readOnlyRootFilesystem: {writablePaths: ["` + p + `"]}`); !strings.Contains(got, "writablePaths") {
			t.Errorf("%s: error %q", p, got)
		}
	}
	if got := loadError(`readOnlyRootFilesystem: {writablePaths: [/process, /tmp], writableSize: 10Gi}`); got != "" {
		t.Errorf("error %q", got)
	}
}

// TestWritablePathsOfSeveral: every policy that adjusts gives its paths, whichever adjusts first,
// and no other policy does.
func TestWritablePathsOfSeveral(t *testing.T) {
	rule := func(name, spec, rule string) string {
		doc := policyDoc(name, "readOnlyRootFilesystem: {"+rule+"}")
		return strings.Replace(doc, "spec:\n", "spec:\n  "+spec+"\n", 1)
	}
	a := rule("a", "priority: 1", "onViolation: adjust, writablePaths: [/tmp, /run/app], writableSize: 2Mi")
	for name, c := range map[string]struct {
		docs []string
		want string
	}{
		"two": {
			[]string{a, rule("b", "priority: 2", "onViolation: adjust, writablePaths: [/var/cache, /tmp], writableSize: 1Mi")},
			"/run/app size=2048k, /tmp size=1024k, /var/cache size=1024k",
		},
		"one contains another":  {[]string{a, rule("b", "priority: 0", "onViolation: adjust, writablePaths: [/run]")}, "/run size=65536k, /tmp size=2048k"},
		"one that rejects":      {[]string{a, rule("b", "priority: 2", "onViolation: reject, writablePaths: [/b]")}, "/run/app size=2048k, /tmp size=2048k"},
		"one in mode audit":     {[]string{a, rule("b", "mode: audit", "onViolation: adjust, writablePaths: [/b]")}, "/run/app size=2048k, /tmp size=2048k"},
		"one that audits":       {[]string{a, rule("b", "priority: 2", "onViolation: audit, writablePaths: [/b]")}, "/run/app size=2048k, /tmp size=2048k"},
		"one that is not meant": {[]string{a, rule("b", "match: {namespaces: [b]}", "onViolation: adjust, writablePaths: [/b]")}, "/run/app size=2048k, /tmp size=2048k"},
		"one that is excused": {
			[]string{a, rule("b", "priority: 2", "onViolation: adjust, writablePaths: [/b]"), exceptionDoc(
				"policies: [b]", "rules: [readOnlyRootFilesystem]", "match: {namespaces: [team-a]}", "expires: 9999-01-01")},
			"/run/app size=2048k, /tmp size=2048k",
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := compileDocs(t, c.docs...).Evaluate(subject(newSpec()), Complete)
			var got []string
			for _, m := range d.Spec.Mounts {
				if m.Type == "tmpfs" && m.Destination != "/dev" {
					got = append(got, m.Destination+" "+m.Options[3])
				}
			}
			if strings.Join(got, ", ") != c.want || len(findings(d)) > 0 && name != "one that rejects" {
				t.Errorf("%q, want %s; %v", got, c.want, findings(d))
			}
		})
	}
}
