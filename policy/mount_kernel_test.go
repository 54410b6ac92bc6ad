package policy

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

func pseudo(at, kind string, options ...string) specs.Mount {
	return specs.Mount{Destination: at, Type: kind, Source: kind, Options: options}
}

// TestProcMountSecond: what is masked in /proc is masked in every other proc too.
func TestProcMountSecond(t *testing.T) {
	second := []option{withMount(pseudo("/proc2", "proc")), withMount(pseudo("x/sys2/", "sysfs", "ro"))}
	spec := newSpec(second...)
	want := []string{
		"procMount: not masked: /proc2/acpi, /proc2/kcore, /proc2/keys, /proc2/latency_stats, /proc2/timer_list, " +
			"/proc2/timer_stats, /proc2/sched_debug, /proc2/scsi, /x/sys2/firmware",
		"procMount: not read-only: /proc2/bus, /proc2/fs, /proc2/irq, /proc2/sys, /proc2/sysrq-trigger, /proc2/asound",
	}
	if got := findings(decide(t, spec, "procMount: {}")); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	d := decide(t, spec, "procMount: {onViolation: adjust}")
	for _, p := range []string{"/proc2/kcore", "/x/sys2/firmware", "/proc2/asound"} {
		if d.Outcome() != Adjusted || !slices.Contains(d.Spec.Linux.MaskedPaths, p) {
			t.Errorf("%s, %s is not masked: %q", d.Outcome(), p, d.Spec.Linux.MaskedPaths)
		}
	}
	if !slices.Contains(d.Spec.Linux.ReadonlyPaths, "/proc2/sys") {
		t.Errorf("read-only are %q", d.Spec.Linux.ReadonlyPaths)
	}
	for name, tt := range map[string]struct {
		mount  specs.Mount
		masked []string
	}{
		"masked as a whole": {pseudo("/proc2", "proc"), []string{"/proc2"}},
		"the same again":    {pseudo("/proc/", "proc"), nil},
		"a bind mount":      {specs.Mount{Destination: "/proc2", Type: "proc", Source: "/srv", Options: []string{"rbind"}}, nil},
	} {
		spec := newSpec(withMount(tt.mount), func(s *specs.Spec) { s.Linux.MaskedPaths = append(s.Linux.MaskedPaths, tt.masked...) })
		if got := findings(decide(t, spec, "procMount: {}")); got != nil {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestProcMountInVolume: what masks a proc in a volume can be led elsewhere.
func TestProcMountInVolume(t *testing.T) {
	volume := func(at string) option {
		return withMount(bind(at, "/var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~empty-dir/v", "rbind"))
	}
	for name, tt := range map[string]struct {
		volume, proc string
		want         []string
	}{
		"in it":      {"/v", "/v/p", []string{"procMount: proc on /v/p is inside the mount /v (allowed: a place outside of volumes)"}},
		"far below":  {"/v", "//v/a/b/../p", []string{"procMount: proc on /v/a/p is inside the mount /v (allowed: a place outside of volumes)"}},
		"beside it":  {"/v", "/vp", nil},
		"below both": {"/v/p/q", "/v/p", nil},
	} {
		spec := newSpec(volume(tt.volume), withMount(pseudo(tt.proc, "proc")))
		if got := findings(decide(t, spec, "procMount: {onViolation: adjust}")); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// TestRemount: whatever its type says, such a mount changes what is there.
func TestRemount(t *testing.T) {
	for _, m := range []specs.Mount{
		pseudo("/sys", "tmpfs", "remount", "rw"),
		pseudo("/link", "mqueue", "rw", "remount"),
		{Destination: "/sys", Type: "sysfs", Source: "/srv", Options: []string{"remount"}},
		{Destination: "/data", Type: "bind", Source: "/srv", Options: []string{"bind", "remount", "rw"}},
	} {
		for _, action := range []string{"reject", "adjust"} {
			got := strings.Join(findings(decide(t, newSpec(withMount(m)), "hostPaths: {onViolation: "+action+", allowed: [{path: /srv}]}")), "")
			if !strings.Contains(got, "is not allowed: it remounts an existing mount") {
				t.Errorf("%+v: %q", m, got)
			}
		}
		if got := strings.Join(findings(decide(t, newSpec(withMount(m)), "volumeTypes: {onViolation: adjust, remove: writable, allowed: [emptyDir, projected]}")), ""); !strings.Contains(got, "unknown") {
			t.Errorf("%+v: volumeTypes says %q", m, got)
		}
		if got := strings.Join(findings(decide(t, newSpec(withMount(m)), "privileged: {}")), ""); !strings.Contains(got, m.Destination+" is remounted writable") {
			t.Errorf("%+v: privileged says %q", m, got)
		}
		d := decide(t, newSpec(withMount(m)), "privileged: {onViolation: adjust}")
		if last := d.Spec.Mounts[len(d.Spec.Mounts)-1]; d.Outcome() != Adjusted || !slices.Contains(last.Options, "ro") || slices.Contains(last.Options, "rw") {
			t.Errorf("%+v became %+v: %s", m, last, d.Message())
		}
	}
}

// TestPrivilegedOwnCgroups: containerd's cgroup_writable.
func TestPrivilegedOwnCgroups(t *testing.T) {
	const sign = "/sys/fs/cgroup is writable"
	path := func(p string) option {
		return func(s *specs.Spec) { s.Linux.Namespaces[len(s.Linux.Namespaces)-1].Path = p }
	}
	for name, tt := range map[string]struct {
		edits     []option
		delegated bool
		host      []string // namespaces that are the host's
		fine      bool
	}{
		"delegated":                 {delegated: true, fine: true},
		"not delegated, or v1":      {},
		"the host's cgroups":        {edits: []option{withoutNamespace(specs.CgroupNamespace)}, delegated: true},
		"another's cgroups":         {edits: []option{path("/proc/1/ns/cgroup")}, delegated: true},
		"the host's, by what it is": {host: []string{"cgroup"}, delegated: true},
		"a bind mount":              {edits: []option{func(s *specs.Spec) { s.Mounts[5].Options = []string{"rbind", "rw"} }}, delegated: true},
		"sysfs too":                 {edits: []option{writable("/sys")}, delegated: true},
	} {
		t.Run(name, func(t *testing.T) {
			sub := subject(newSpec(append(tt.edits, writable("/sys/fs/cgroup"))...))
			sub.Host, sub.Pod.HostNamespaces = fakeHost{delegated: tt.delegated}, tt.host
			got := strings.Join(findings(compileDocs(t, policyDoc("test", "privileged: {}")).Evaluate(sub, Complete)), "")
			if name == "sysfs too" {
				if !strings.Contains(got, "/sys is writable") || strings.Contains(got, sign) {
					t.Errorf("%q", got)
				}
			} else if strings.Contains(got, sign) == tt.fine {
				t.Errorf("%q", got)
			}
		})
	}
}

// TestOwnMountsComeBack: a container without /proc, /sys or /dev does not run.
func TestOwnMountsComeBack(t *testing.T) {
	for _, rule := range []string{"hostPaths: {onViolation: adjust, remove: writable}", "volumeTypes: {onViolation: adjust, remove: writable, allowed: [projected]}"} {
		for _, tt := range []struct {
			at   string
			gone []string // what the runtime leaves out for the sake of that
		}{
			{"/proc", nil},
			{"/sys", nil},
			{"/sys/", []string{"/sys/fs/cgroup"}}, // CRI-O
			{"/dev", []string{"/dev/pts", "/dev/mqueue"}},
			{"/dev/mqueue", nil},
			{"/dev/pts", nil},
			{"/sys/fs/cgroup", nil},
		} {
			if strings.Count(tt.at, "/") > 1 && tt.at != "/sys/" && strings.HasPrefix(rule, "volumeTypes") {
				continue // what lies in another mount is left there, and denied
			}
			spec := newSpec(func(s *specs.Spec) {
				s.Mounts = slices.DeleteFunc(s.Mounts, func(m specs.Mount) bool {
					return mountPoint(&m) == strings.TrimSuffix(tt.at, "/") || slices.Contains(tt.gone, m.Destination)
				})
				s.Mounts = slices.Insert(s.Mounts, 0, bind(tt.at, "/srv", "rbind", "rw"))
			})
			d := decide(t, spec, rule, "privileged: {}", "procMount: {}")
			if d.Outcome() != Adjusted {
				t.Errorf("%s: %s", tt.at, d.Message())
			}
			for _, at := range append(tt.gone, strings.TrimSuffix(tt.at, "/")) {
				place := func(m specs.Mount) bool { return m.Destination == at }
				got, want := slices.IndexFunc(d.Spec.Mounts, place), slices.IndexFunc(newSpec().Mounts, place)
				if got < 0 || !reflect.DeepEqual(d.Spec.Mounts[got], newSpec().Mounts[want]) {
					t.Errorf("%s: %s has not come back: %+v", tt.at, at, d.Spec.Mounts)
				}
			}
			if g := grants(spec, d.Spec); g != nil {
				t.Errorf("%s: %q", tt.at, g)
			}
		}
	}
}

// TestOwnMountsStay: what is mounted there besides is not doubled.
func TestOwnMountsStay(t *testing.T) {
	spec := newSpec(withMount(bind("/proc", "/srv", "rbind")))
	if d := decide(t, spec, "hostPaths: {onViolation: adjust, remove: writable}"); !reflect.DeepEqual(d.Spec.Mounts, newSpec().Mounts) {
		t.Errorf("%+v", d.Spec.Mounts)
	}
}

// TestHostSysIsNotGiven: where the runtime's own /sys would be the host's, an
// adjustment takes away what is there and gives nothing.
func TestHostSysIsNotGiven(t *testing.T) {
	spec := newSpec(withUserNamespace(65536, 65536), withoutNamespace("network"), func(s *specs.Spec) {
		s.Mounts = slices.DeleteFunc(s.Mounts, func(m specs.Mount) bool { return m.Destination == "/sys" })
		s.Mounts = append(s.Mounts, bind("/sys", "/srv", "rbind", "ro"))
	})
	d := decide(t, spec, "hostPaths: {onViolation: adjust, remove: writable}")
	at := func(m specs.Mount) bool { return mountPoint(&m) == "/sys" }
	if d.Outcome() != Adjusted || slices.ContainsFunc(d.Spec.Mounts, at) {
		t.Errorf("%s: %+v", d.Message(), d.Spec.Mounts)
	}
}
