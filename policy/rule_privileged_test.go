package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// privileged is what containerd does to the spec of a privileged container.
func privileged(s *specs.Spec) {
	withCaps("CAP_SYS_ADMIN", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_NET_ADMIN")(s)
	allDevices(s)
	s.Linux.Devices = []specs.LinuxDevice{{Path: "/dev/sda", Type: "b", Major: 8}}
	s.Linux.MaskedPaths, s.Linux.ReadonlyPaths = nil, nil
	writable("/sys")(s)
	writable("/sys/fs/cgroup")(s)
}

func allDevices(s *specs.Spec) {
	s.Linux.Resources.Devices = []specs.LinuxDeviceCgroup{{Allow: true, Access: "rwm"}}
}

// writable turns a mount's ro into rw.
func writable(destination string) option {
	return func(s *specs.Spec) {
		for _, m := range s.Mounts {
			if at := slices.Index(m.Options, "ro"); m.Destination == destination && at >= 0 {
				m.Options[at] = "rw"
			}
		}
	}
}

func withDeviceRules(rules ...specs.LinuxDeviceCgroup) option {
	return func(s *specs.Spec) { s.Linux.Resources.Devices = rules }
}

func TestPrivilegedCheck(t *testing.T) {
	deny := specs.LinuxDeviceCgroup{Access: "rwm"}
	tests := []struct {
		name string
		spec *specs.Spec
		want string // what is named after "privileged container: "; "" for no finding
	}{
		{"unprivileged", newSpec(), ""},
		{"unprivileged without seccomp and masked paths", newSpec(func(s *specs.Spec) { s.Linux.MaskedPaths = nil }), ""},
		{"as containerd makes it", newSpec(privileged), "access to every device, capabilities SYS_ADMIN, SYS_MODULE and SYS_RAWIO, /sys is writable, /sys/fs/cgroup is writable, no masked paths, no seccomp profile"},
		{"every device", newSpec(allDevices), "access to every device, no seccomp profile"},
		{"every device, then denied", newSpec(withDeviceRules(specs.LinuxDeviceCgroup{Allow: true, Access: "rwm"}, deny)), ""},
		{"denied, then every device by number", newSpec(withDeviceRules(deny, specs.LinuxDeviceCgroup{Allow: true, Type: "a", Major: new(int64(-1)), Minor: new(int64(-1)), Access: "rwm"})), "access to every device, no seccomp profile"},
		{"denied, then all block devices", newSpec(withDeviceRules(deny, specs.LinuxDeviceCgroup{Allow: true, Type: "b", Access: "r"})), "access to every device, no seccomp profile"},
		{"mknod only", newSpec(withDeviceRules(deny, specs.LinuxDeviceCgroup{Allow: true, Type: "b", Access: "m"}, specs.LinuxDeviceCgroup{Allow: true, Type: "c", Access: "m"})), ""},
		{"one device", newSpec(withDeviceRules(deny, specs.LinuxDeviceCgroup{Allow: true, Type: "c", Major: new(int64(10)), Minor: new(int64(229)), Access: "rwm"})), ""},
		{"all minors of a major", newSpec(withDeviceRules(deny, specs.LinuxDeviceCgroup{Allow: true, Type: "c", Major: new(int64(195)), Minor: new(int64(-1)), Access: "rwm"})), ""},
		{"denied only for reading", newSpec(withDeviceRules(specs.LinuxDeviceCgroup{Access: "r"})), "access to every device, no seccomp profile"},
		{"no device rules", newSpec(withDeviceRules()), "access to every device, no seccomp profile"},
		{"no resources", newSpec(func(s *specs.Spec) { s.Linux.Resources = nil }), "access to every device, no seccomp profile"},
		{"no linux", newSpec(func(s *specs.Spec) { s.Linux = nil }), "access to every device, no masked paths, no seccomp profile"},
		{"every capability", newSpec(withCaps("CAP_SYS_ADMIN", "CAP_SYS_MODULE", "CAP_SYS_RAWIO")), "capabilities SYS_ADMIN, SYS_MODULE and SYS_RAWIO, no seccomp profile"},
		{"two of the three", newSpec(withCaps("CAP_SYS_ADMIN", "CAP_SYS_MODULE")), ""},
		{"writable sysfs", newSpec(writable("/sys")), "/sys is writable, no seccomp profile"},
		{"writable cgroups", newSpec(writable("/sys/fs/cgroup")), "/sys/fs/cgroup is writable, no seccomp profile"},
		{"cgroup2 without ro", newSpec(withMount(specs.Mount{Destination: "/mnt", Type: "cgroup2"})), "/mnt is writable, no seccomp profile"},
		{"nothing at all", &specs.Spec{}, "access to every device, no masked paths, no seccomp profile"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var want []string
			if tt.want != "" {
				want = []string{"privileged: privileged container: " + tt.want}
			}
			if got := findings(decide(t, tt.spec, `privileged: {}`)); !slices.Equal(got, want) {
				t.Errorf("found %q, want %q", got, want)
			}
		})
	}
}

func TestPrivilegedAdjust(t *testing.T) {
	d := decide(t, newSpec(privileged), `privileged: {onViolation: adjust}`)
	if d.Outcome() != Adjusted {
		t.Fatalf("outcome %s: %v", d.Outcome(), findings(d))
	}
	l, plain := d.Spec.Linux, newSpec()
	for i, set := range capabilitySets(d.Spec) {
		if want := *capabilitySets(plain)[i]; !slices.Equal(*set, want) {
			t.Errorf("set %d is %v, want %v", i, *set, want)
		}
	}
	if len(l.Devices) > 0 {
		t.Errorf("devices are left: %v", l.Devices)
	}
	if want := plain.Linux.Resources.Devices; !slices.Equal(l.Resources.Devices, want) {
		t.Errorf("device rules are %v, want %v", l.Resources.Devices, want)
	}
	for i, m := range d.Spec.Mounts {
		if want := isReadOnly(&plain.Mounts[i]); isReadOnly(&m) != want {
			t.Errorf("%s: read-only is %v, want %v", m.Destination, !want, want)
		}
	}
	if l.Seccomp == nil {
		t.Error("no seccomp profile")
	}
	if !slices.Equal(l.MaskedPaths, defaultMaskedPaths()) || !slices.Equal(l.ReadonlyPaths, defaultReadonlyPaths()) {
		t.Errorf("paths are %v and %v", l.MaskedPaths, l.ReadonlyPaths)
	}
	want := []string{
		"privileged: took all devices away", "privileged: dropped NET_ADMIN, SYS_ADMIN, SYS_MODULE, SYS_RAWIO",
		"privileged: made /sys read-only", "privileged: made /sys/fs/cgroup read-only",
		"privileged: set the default masked paths", "privileged: set the default read-only paths",
		"privileged: set the default seccomp profile",
	}
	if got := changes(d); !slices.Equal(got, want) {
		t.Errorf("changes %q, want %q", got, want)
	}
}

// A privileged container of a handler that gives no host devices keeps those
// that it was given by name.
func TestPrivilegedAdjustKeepsNamedDevices(t *testing.T) {
	fuse := specs.LinuxDevice{Path: "/dev/fuse", Type: "c", Major: 10, Minor: 229}
	spec := newSpec(writable("/sys"), func(s *specs.Spec) { s.Linux.Devices = []specs.LinuxDevice{fuse} })
	d := decide(t, spec, `privileged: {onViolation: adjust}`)
	if d.Outcome() != Adjusted || !slices.Equal(d.Spec.Linux.Devices, []specs.LinuxDevice{fuse}) {
		t.Errorf("outcome %s, devices %v", d.Outcome(), d.Spec.Linux.Devices)
	}
}

func TestPrivilegedAdjustEmptySpec(t *testing.T) {
	if d := decide(t, &specs.Spec{}, `privileged: {onViolation: adjust}`); d.Outcome() != Adjusted {
		t.Errorf("outcome %s: %v", d.Outcome(), findings(d))
	}
}

// TestPrivilegedSysfsOfAPlugin: a runtime ignores rro for what is no bind mount.
func TestPrivilegedSysfsOfAPlugin(t *testing.T) {
	for options, want := range map[string]bool{"rro": true, "ro": false, "ro rro": false, "ro rrw": true, "rw": true, "": true} {
		m := specs.Mount{Destination: "/sys2", Type: "sysfs", Source: "sysfs", Options: strings.Fields(options)}
		d := decide(t, newSpec(withMount(m)), "privileged: {}")
		if got := strings.Contains(strings.Join(findings(d), ""), "/sys2 is writable"); got != want {
			t.Errorf("%q: %q", options, findings(d))
		}
		d = decide(t, newSpec(withMount(m)), "privileged: {onViolation: adjust}")
		if got := d.Spec.Mounts[len(d.Spec.Mounts)-1].Options; !effect("ro", &specs.Mount{Type: "sysfs", Options: got}, false) {
			t.Errorf("%q, adjusted: %q", options, got)
		}
	}
}
