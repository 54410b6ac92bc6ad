package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"pgregory.net/rapid"
)

// TestMountOption asks what is in effect, and puts into effect what is not. As
// with runc 1.1 and 1.5.
func TestMountOption(t *testing.T) {
	for name, tt := range map[string]struct {
		option  MountOption
		typ     string
		options string
		in      bool
		after   string // where it is not in effect
	}{
		"none":               {"nosuid", "bind", "rbind rw", false, "rbind rw nosuid"},
		"there":              {"nosuid", "bind", "rbind nosuid", true, ""},
		"undone":             {"nosuid", "bind", "nosuid suid", false, "nosuid"},
		"last":               {"nosuid", "bind", "suid nosuid", true, ""},
		"thrice":             {"nosuid", "bind", "nosuid suid rbind suid", false, "rbind nosuid"},
		"another":            {"nosuid", "bind", "nodev noexec", false, "nodev noexec nosuid"},
		"nodev":              {"nodev", "bind", "dev rdev", false, "nodev"},
		"noexec":             {"noexec", "bind", "exec rexec", false, "noexec"},
		"ro":                 {"ro", "bind", "rw rrw", false, "ro"},
		"recursive alone":    {"nosuid", "bind", "rnosuid", false, "rnosuid nosuid"},
		"recursive over":     {"nosuid", "bind", "suid rnosuid", false, "rnosuid nosuid"},
		"both":               {"nosuid", "bind", "rnosuid suid nosuid", true, ""},
		"recursively undone": {"nosuid", "bind", "nosuid rsuid", false, "nosuid"},
		"undone before":      {"nosuid", "bind", "rsuid nosuid", false, "nosuid"},
		"recursive undone":   {"nosuid", "bind", "rnosuid rsuid nosuid", false, "rnosuid nosuid"},
		"recursive last":     {"nosuid", "bind", "rsuid rnosuid nosuid", true, ""},
		"rnosuid":            {"rnosuid", "bind", "nosuid", false, "nosuid rnosuid"},
		"rnosuid there":      {"rnosuid", "bind", "rnosuid suid nosuid", true, ""},
		"rnosuid alone":      {"rnosuid", "bind", "rnosuid", false, "nosuid rnosuid"},
		"rnosuid undone":     {"rnosuid", "bind", "rbind suid rnosuid rsuid", false, "rbind nosuid rnosuid"},
		"rnodev":             {"rnodev", "bind", "nodev", false, "nodev rnodev"},
		"rnoexec":            {"rnoexec", "bind", "noexec", false, "noexec rnoexec"},
		"rro":                {"rro", "bind", "rbind rw", false, "rbind ro rro"},
		"rro there":          {"rro", "bind", "rbind rro", true, ""},
		"rro of ro":          {"ro", "bind", "rbind rro", true, ""},
		"rro and rw":         {"ro", "bind", "rro rw", false, "rro ro"},
		"rro, then rw":       {"rro", "bind", "rro rw", false, "ro rro"},
		"rro undone":         {"rro", "bind", "rro rrw", false, "ro rro"},
		"no bind":            {"ro", "tmpfs", "rro", false, "rro ro"},
		"no bind there":      {"ro", "tmpfs", "rw ro", true, ""},
		"no bind undone":     {"ro", "tmpfs", "ro rrw", false, "ro"},
		"no bind, recursive": {"rnosuid", "tmpfs", "mode=1777 suid", false, "mode=1777 nosuid"},
		"no bind, plain":     {"rnosuid", "tmpfs", "nosuid", true, ""},
		"bind by option":     {"rnosuid", "tmpfs", "bind nosuid", false, "bind nosuid rnosuid"},
		"not cut in parts":   {"nosuid", "bind", "nosuid,nodev x-nosuid", false, "nosuid,nodev x-nosuid nosuid"},
	} {
		t.Run(name, func(t *testing.T) {
			m := specs.Mount{Type: tt.typ, Options: strings.Fields(tt.options)}
			if got := tt.option.in(&m); got != tt.in {
				t.Fatalf("in effect: %v", got)
			}
			if tt.in {
				return
			}
			tt.option.put(&m)
			if got := strings.Join(m.Options, " "); got != tt.after || !tt.option.in(&m) {
				t.Errorf("%q, want %q", got, tt.after)
			}
		})
	}
}

// effect reports whether an option is in effect for the mount itself where runc
// mounts (libcontainer/specconv: what has recursive options is set with
// mount_setattr, and only for bind mounts), or a runtime that knows no recursive
// options, as gVisor.
func effect(o MountOption, m *specs.Mount, runc bool) bool {
	on := false
	for _, have := range m.Options {
		switch have {
		case o.Plain():
			on = true
		case o.opposite():
			on = false
		}
	}
	for _, have := range m.Options {
		switch {
		case !runc || !isBind(m):
		case have == "r"+o.Plain():
			on = true
		case have == "r"+o.opposite():
			on = false
		}
	}
	return on
}

// What is put into effect is so with every runtime, and so is what is found in
// effect, but for rro alone, for which the runtime's CRI service stands.
func TestPropertyMountOption(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := rapid.SampledFrom(mountOptions()).Draw(t, "option")
		m := specs.Mount{
			Type:    pick(t, "type", "bind", "tmpfs", "sysfs"),
			Options: rapid.SliceOfN(rapid.SampledFrom([]string{o.Plain(), o.opposite(), "r" + o.Plain(), "r" + o.opposite(), "bind", "noatime"}), 0, 6).Draw(t, "options"),
		}
		alone := slices.Contains(m.Options, "rro") && !slices.Contains(m.Options, "ro")
		was := slices.Clone(m.Options)
		if o.in(&m) && (!effect(o, &m, true) || !effect(o, &m, false) && !alone) {
			t.Errorf("%s of %q: said to be in effect", o, m.Options)
		}
		o.put(&m)
		if !effect(o, &m, true) || !effect(o, &m, false) || !o.in(&m) {
			t.Errorf("%s put into %q: %q", o, was, m.Options)
		}
		if !isBind(&m) && slices.ContainsFunc(m.Options, func(have string) bool { return have == "r"+o.Plain() && !slices.Contains(was, have) }) {
			t.Errorf("%s put into %q, which is no bind mount: %q", o, was, m.Options)
		}
		if o.Recursive() && isBind(&m) && lastOf(m.Options, string(o), "r"+o.opposite()) != string(o) {
			t.Errorf("%s is not put into %q: %q", o, was, m.Options)
		}
	})
}

func TestMountOptions(t *testing.T) {
	volume := func(plugin string) specs.Mount {
		return bind("/data/x", podVolumes+"kubernetes.io~"+plugin+"/x", "rbind", "rprivate", "rw")
	}
	host := bind("/data/x", "/srv", "rbind", "rprivate", "rw")
	disk := specs.Mount{Destination: "/data/x", Type: "ext4", Source: "/dev/sda", Options: []string{"rw"}}
	tmpfs := specs.Mount{Destination: "/run/", Type: "tmpfs", Source: "tmpfs", Options: []string{"mode=755", "nosuid"}}
	for name, tt := range map[string]struct {
		require string
		mount   specs.Mount
		found   string
		after   string // options when it may adjust
	}{
		"by type":            {"{volumeTypes: [emptyDir], options: [nosuid, nodev, noexec]}", volume("empty-dir"), "emptyDir at /data/x is not mounted nosuid, nodev, noexec", "rbind rprivate rw nosuid nodev noexec"},
		"one of the types":   {"{volumeTypes: [nfs, hostPath], options: [noexec]}", host, "hostPath at /data/x is not mounted noexec", "rbind rprivate rw noexec"},
		"other type":         {"{volumeTypes: [configMap], options: [noexec]}", volume("empty-dir"), "", ""},
		"unknown":            {"{volumeTypes: [configMap], options: [noexec]}", disk, "volume of unknown type at /data/x is not mounted noexec", "rw noexec"},
		"unknown itself":     {"{volumeTypes: [unknown], options: [ro]}", disk, "volume of unknown type at /data/x is not mounted ro", "ro"},
		"unknown plugin":     {"{volumeTypes: [anonymous], options: [nosuid]}", volume("new"), "volume of unknown type at /data/x is not mounted nosuid", "rbind rprivate rw nosuid"},
		"by path":            {"{paths: [/data/x], options: [ro]}", host, "hostPath at /data/x is not mounted ro", "rbind rprivate ro"},
		"by pattern":         {`{paths: ["/data/**"], options: [ro]}`, host, "hostPath at /data/x is not mounted ro", "rbind rprivate ro"},
		"pattern's own":      {`{paths: ["/data/x/**"], options: [ro]}`, host, "hostPath at /data/x is not mounted ro", "rbind rprivate ro"},
		"other path":         {`{paths: ["/data", "/data/x/*", "/dat*"], options: [ro]}`, host, "", ""},
		"slash at its end":   {"{paths: [/run], options: [noexec]}", tmpfs, "tmpfs at /run/ is not mounted noexec", "mode=755 nosuid noexec"},
		"both":               {"{paths: [/data/x], volumeTypes: [hostPath], options: [ro]}", host, "hostPath at /data/x is not mounted ro", "rbind rprivate ro"},
		"only the type":      {"{paths: [/data], volumeTypes: [hostPath], options: [ro]}", host, "", ""},
		"only the path":      {"{paths: [/data/x], volumeTypes: [emptyDir], options: [ro]}", host, "", ""},
		"several entries":    {"{paths: [/data/x], options: [ro]}, {volumeTypes: [hostPath], options: [noexec, ro]}", host, "hostPath at /data/x is not mounted ro, noexec", "rbind rprivate ro noexec"},
		"recursive and not":  {"{paths: [/data/x], options: [ro, rro]}", host, "hostPath at /data/x is not mounted ro, rro", "rbind rprivate ro rro"},
		"recursive of tmpfs": {"{volumeTypes: [tmpfs], options: [rnosuid, rnoexec, noexec]}", tmpfs, "tmpfs at /run/ is not mounted rnoexec, noexec", "mode=755 nosuid noexec"},
		"complies":           {"{volumeTypes: [tmpfs], options: [nosuid]}", tmpfs, "", ""},
		"file of the kubelet": {
			"{paths: [/etc/hosts], options: [ro]}", specs.Mount{}, "mount at /etc/hosts is not mounted ro", "",
		},
		"type of no volume": {"{volumeTypes: [shm], options: [noexec]}", specs.Mount{}, "shm at /dev/shm is not mounted noexec", ""},
		"VOLUME": {
			"{volumeTypes: [anonymous], options: [noexec]}", bind("/v", "/var/lib/containerd/io.containerd.grpc.v1.cri/containers/9b7e/volumes/a", "rw"),
			"anonymous at /v is not mounted noexec", "rw noexec",
		},
	} {
		t.Run(name, func(t *testing.T) {
			spec := newSpec()
			if tt.mount.Destination != "" {
				spec.Mounts = append(spec.Mounts, tt.mount)
			}
			rule := "require: [" + tt.require + "]}"
			var want []string
			if tt.found != "" {
				want = []string{"mountOptions: " + tt.found}
			}
			if got := findings(decide(t, spec, "mountOptions: {"+rule)); !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			d := decide(t, spec, "mountOptions: {onViolation: adjust, "+rule)
			if tt.after == "" {
				tt.after = strings.Join(spec.Mounts[len(spec.Mounts)-1].Options, " ")
			}
			if got := strings.Join(d.Spec.Mounts[len(d.Spec.Mounts)-1].Options, " "); got != tt.after || d.Outcome() == Denied {
				t.Errorf("%s with %q, want %q", d.Outcome(), got, tt.after)
			}
		})
	}
}

// TestMountOptionsKernel leaves alone what the runtime mounts for the kernel,
// whatever is required.
func TestMountOptionsKernel(t *testing.T) {
	spec := newSpec(withMounts(specs.Mount{Destination: "/opt/cgroup", Type: "cgroup2", Source: "cgroup"}, specs.Mount{Destination: "/dev/", Type: "tmpfs", Source: "tmpfs"}))
	d := decide(t, spec, `mountOptions: {onViolation: adjust, require: [{paths: ["/**"], options: [ro, nodev]}]}`)
	for i, m := range d.Spec.Mounts {
		kernels := slices.Contains([]string{"/proc", "/dev", "/dev/", "/dev/pts", "/dev/mqueue", "/sys", "/sys/fs/cgroup", "/opt/cgroup"}, m.Destination)
		if kernels != slices.Equal(m.Options, spec.Mounts[i].Options) {
			t.Errorf("%s: %q became %q", m.Destination, spec.Mounts[i].Options, m.Options)
		}
	}
	want := "mountOptions: mounted mount at /etc/hosts ro, nodev"
	if got := changes(d); len(got) != 6 || got[0] != want {
		t.Errorf("%q", got)
	}
}

// TestMountOptionsContainerd judges what a real containerd made.
func TestMountOptionsContainerd(t *testing.T) {
	set := compileDocs(t, policyDoc("test", "mountOptions: {onViolation: adjust, require: [{volumeTypes: [emptyDir, shm, tmpfs], options: [nosuid, nodev, noexec]}]}"))
	for _, name := range []string{"privileged", "unprivileged"} {
		d := set.Evaluate(containerd(t, name), Complete)
		want := []string{"mountOptions: mounted emptyDir at /cache nosuid, nodev, noexec", "mountOptions: mounted shm at /dev/shm nosuid, nodev, noexec"}
		if got := changes(d); !slices.Equal(got, want) || d.Outcome() != Adjusted {
			t.Errorf("%s: %s, %q", name, d.Outcome(), got)
		}
	}
}

func TestMountOptionsInvalid(t *testing.T) {
	for rule, want := range map[string]string{
		"{}":                           "require: is missing or empty",
		"{require: []}":                "require: is missing or empty",
		"{require: [{options: [ro]}]}": "needs volumeTypes or paths",
		"{require: [{paths: [/x]}]}":   "options: is missing or empty",
		"{require: [{paths: [/x], options: []}]}":                            "options: is missing or empty",
		"{require: [{paths: [], options: [ro]}]}":                            "paths: is an empty list; leave it out to select all",
		"{require: [{volumeTypes: [], paths: [/x], options: [ro]}]}":         "volumeTypes: is an empty list; leave it out to select all",
		"{require: [{paths: [x], options: [ro]}]}":                           `paths: "x" matches nothing (allowed: an absolute path`,
		`{require: [{paths: ["**"], options: [ro]}]}`:                        `paths: "**" matches nothing`,
		"{require: [{paths: [/x/], options: [ro]}]}":                         `paths: "/x/" matches nothing`,
		"{require: [{paths: [/a, /x/../y], options: [ro]}]}":                 `paths: "/x/../y" matches nothing`,
		`{require: [{paths: ["/x["], options: [ro]}]}`:                       `"/x[" is not a valid pattern`,
		"{require: [{paths: [/x], options: [rw]}]}":                          `"rw" is not one of nosuid, nodev, noexec, ro, rnosuid, rnodev, rnoexec, rro`,
		"{require: [{paths: [/x], options: [nosymfollow]}]}":                 `"nosymfollow" is not one of`,
		"{require: [{volumeTypes: [memory], options: [ro]}]}":                `"memory" is not one of anonymous, dev, runtimeFile, shm, tmpfs, awsElasticBlockStore`,
		"{require: [{volumeTypes: [shm, dev], options: [noexec, rnodev]}]}":  "options: nodev would make the devices in dev useless",
		"{require: [{volumeTypes: [persistentVolumeClaim], options: [ro]}]}": `"persistentVolumeClaim" is not seen on the node`,
	} {
		if got := loadError("mountOptions: " + rule); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", rule, got, want)
		}
	}
}

func drawMountOptions(t *rapid.T, _ Action) []string {
	entry := func(label string) string {
		fields := []string{"options: " + flow(append(some(t, label, "nosuid", "nodev", "noexec", "ro", "rro", "rnosuid"), "rnoexec")...)}
		selectors := []string{"paths: " + pick(t, "paths", `["/**"]`, "[/data, /run]", `["/vol/**"]`), "volumeTypes: " + pick(t, "types", "[emptyDir, tmpfs]", "[hostPath, shm]", "[anonymous, runtimeFile, unknown]")}
		return "{" + strings.Join(append(fields, pick(t, "selectors", selectors, selectors[:1], selectors[1:])...), ", ") + "}"
	}
	dev := "{volumeTypes: [dev], options: [nosuid, noexec]}"
	return []string{"require: " + flow(append(some(t, "entries", entry("first"), dev), entry("second"))...)}
}

// TestMountOptionsOfHardened: what can be written cannot be executed. Types of
// volumes that the kubelet does not mount read-only are noexec.
func TestMountOptionsOfHardened(t *testing.T) {
	rules := compileDocs(t, profilePolicy("hardened")).policies[0].rules
	at := slices.IndexFunc(rules, func(r compiledRule) bool { return r.name == "mountOptions" })
	wants := make(map[MountType][]MountOption)
	for _, r := range rules[at].Rule.(*MountOptions).Require {
		for _, v := range r.VolumeTypes {
			wants[v] = r.Options
		}
	}
	for _, v := range mountTypes() {
		want := []MountOption{"nosuid", "nodev", "noexec"}
		switch v {
		case "dev":
			want = []MountOption{"nosuid", "noexec"}
		case "configMap", "downwardAPI", "projected", "secret":
			want = []MountOption{"ro"}
		}
		if !slices.Equal(wants[v], want) {
			t.Errorf("%s has to be %s, want %s", v, wants[v], want)
		}
	}
}

// TestMountOptionsOfDev: a path selects /dev only by name.
func TestMountOptionsOfDev(t *testing.T) {
	dev := func(d *Decision) []string {
		at := slices.IndexFunc(d.Spec.Mounts, func(m specs.Mount) bool { return m.Destination == "/dev" })
		return d.Spec.Mounts[at].Options
	}
	if d := decide(t, newSpec(), `mountOptions: {onViolation: adjust, require: [{paths: ["/**", /dev], options: [nodev, noexec]}]}`); slices.Contains(dev(d), "nodev") {
		t.Errorf("the devices are useless: %q", dev(d))
	}
	if d := decide(t, newSpec(), `mountOptions: {onViolation: adjust, require: [{volumeTypes: [dev], options: [noexec]}]}`); !slices.Contains(dev(d), "noexec") {
		t.Errorf("%q", dev(d))
	}
}

// TestMountOptionsOfImageOverlay: an image volume of CRI-O's stays one.
func TestMountOptionsOfImageOverlay(t *testing.T) {
	sub := subject(newSpec())
	sub.Spec.Mounts = crioMounts("5d1c", "9b7e")
	set := compileDocs(t, policyDoc("test", "mountOptions: {onViolation: adjust, require: [{volumeTypes: [image], options: [noexec]}]}", "hostPaths: {}", "volumeTypes: {allowed: [image]}"))
	d := set.Evaluate(sub, Complete)
	if d.Outcome() != Adjusted {
		t.Errorf("%s %s", d.Outcome(), d.Message())
	}
}

// TestMountsOfAdjustingHaveOptions: a container is not refused for a mount that
// another rule has made, whichever rule is of which policy.
func TestMountsOfAdjustingHaveOptions(t *testing.T) {
	for _, rules := range [][2]string{
		{"readOnlyRootFilesystem: {onViolation: adjust, writablePaths: [/tmp]}", "mountOptions: {require: [{volumeTypes: [tmpfs], options: [noexec]}]}"},
		{"readOnlyRootFilesystem: {onViolation: adjust, writablePaths: [/tmp]}", "mountOptions: {require: [{paths: [/tmp], options: [noexec, rro]}]}"},
		{"hostPaths: {onViolation: adjust, remove: writable}", "mountOptions: {require: [{volumeTypes: [dev], options: [noexec]}]}"},
	} {
		spec := newSpec(func(s *specs.Spec) {
			s.Mounts = slices.DeleteFunc(s.Mounts, func(m specs.Mount) bool { return m.Destination == "/dev" })
		}, withMount(bind("/dev", "/dev", "rbind")))
		one, other := policyDoc("a", rules[0]), policyDoc("b", rules[1])
		for _, docs := range [][]string{{one, other}, {policyDoc("b", rules[0]), policyDoc("a", rules[1])}} {
			if strings.HasPrefix(rules[0], "readOnly") {
				spec = newSpec()
			}
			d := compileDocs(t, docs...).Evaluate(subject(spec), Complete)
			if d.Outcome() != Adjusted {
				t.Errorf("%q: %s %s", rules, d.Outcome(), d.Message())
			}
		}
	}
}
