package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// crioSpec holds the mounts that CRI-O makes for a container.
func crioMounts(pod, container string) []specs.Mount {
	dir := "/run/containers/storage/overlay-containers/" + pod + "/userdata"
	own := "/run/containers/storage/overlay-containers/" + container + "/userdata"
	return []specs.Mount{
		{Destination: "/proc", Type: "proc", Source: "proc"},
		bind("/etc/resolv.conf", dir+"/resolv.conf", "rw", "bind", "nodev"),
		bind("/etc/hostname", dir+"/hostname", "rw", "bind"),
		bind("/dev/shm", dir+"/shm", "rw", "bind"),
		bind("/run/.containerenv", "/var/lib/containers/storage/overlay-containers/"+pod+"/userdata/.containerenv", "rw", "bind"),
		bind("/run/secrets", own+"/run/secrets", "bind", "rprivate"),
		bind("/data", own+"/mounts/0f3e", "private", "bind", "rw"),
		{Destination: "/img", Type: "overlay", Source: "overlay", Options: []string{"lowerdir=/var/lib/containers/storage/overlay/77ab/merged:/run/crio/image-volumes"}},
		{Destination: "/sub", Type: "overlay", Source: "overlay", Options: []string{"lowerdir=" + own + "/subpath1:/run/crio/image-volumes"}},
	}
}

// TestHostPathsOwn asks which mounts are the kubelet's and the runtime's own.
func TestHostPathsOwn(t *testing.T) {
	const pods, cri = "/var/lib/kubelet/pods/", "/var/lib/containerd/io.containerd.grpc.v1.cri/"
	for _, tt := range []struct {
		name  string
		mount specs.Mount
		own   bool
	}{
		{"volume", bind("/data", pods+"3f2a/volumes/kubernetes.io~empty-dir/data"), true},
		{"csi volume", bind("/data", pods+"3f2a/volumes/kubernetes.io~csi/pvc-1/mount"), true},
		{"all volumes", bind("/data", pods+"3f2a/volumes"), false},
		{"all volumes of a kind", bind("/data", pods+"3f2a/volumes/kubernetes.io~secret"), false},
		{"the pod's directory", bind("/data", pods+"3f2a"), false},
		{"another pod's volume", bind("/data", pods+"4444/volumes/kubernetes.io~secret/s"), false},
		{"a uid that goes on", bind("/data", pods+"3f2ab/volumes/kubernetes.io~secret/s"), false},
		{"out of the pod's directory", bind("/data", pods+"3f2a/volumes/kubernetes.io~secret/../../../../pki"), false},
		{"another kubelet", bind("/data", "/opt/kubelet/pods/3f2a/volumes/kubernetes.io~empty-dir/data"), false},
		{"hosts file elsewhere", bind("/hosts", pods+"3f2a/etc-hosts"), false},
		{"another container's termination log", bind("/dev/termination-log", pods+"3f2a/containers/other/0"), false},
		{"plugins", bind("/p", pods+"3f2a/plugins/kubernetes.io~empty-dir/x"), false},
		{"sandbox file elsewhere", bind("/x", cri+"sandboxes/5d1c/hostname"), false},
		{"another pod's sandbox", bind("/etc/hostname", cri+"sandboxes/5d1d/hostname"), false},
		{"sandbox directory", bind("/etc/hostname", cri+"sandboxes/5d1c"), false},
		{"another sandbox file", bind("/etc/hostname", cri+"sandboxes/5d1c/config.json"), false},
		{"image's VOLUME", bind("/vol", cri+"containers/9b7e/volumes/ab12"), true},
		{"another container's VOLUME", bind("/vol", cri+"containers/9b7f/volumes/ab12"), false},
		{"in the container's directory", bind("/vol", cri+"containers/9b7e/other/ab12"), false},
		{"container directory", bind("/vol", cri+"containers/9b7e/status"), false},
		{"image volume", bind("/img", "/run/containerd/io.containerd.grpc.v1.cri/image-volumes/5d1c/cafe", "ro"), true},
		{"image volume's subPath", bind("/img", "/run/containerd/io.containerd.grpc.v1.cri/image-volumes/5d1c/cafe/etc", "ro"), true},
		{"another pod's image volume", bind("/img", "/run/containerd/io.containerd.grpc.v1.cri/image-volumes/5d1d/cafe", "ro"), false},
		{"pseudo file system", specs.Mount{Destination: "/t", Type: "tmpfs", Source: "tmpfs"}, true},
		{"bind that says tmpfs", specs.Mount{Destination: "/t", Type: "tmpfs", Source: "/etc", Options: []string{"rbind"}}, false},
		{"bind that says nothing", specs.Mount{Destination: "/t", Source: "/etc"}, false},
		{"a device's file system", specs.Mount{Destination: "/t", Type: "ext4", Source: "/dev/sda1"}, false},
		{"overlay of the host", specs.Mount{Destination: "/t", Type: "overlay", Source: "overlay", Options: []string{"lowerdir=/etc:/usr"}}, false},
		{"overlay of an image and the host", specs.Mount{Destination: "/t", Type: "overlay", Source: "overlay", Options: []string{"lowerdir=/etc:/a/overlay/77/merged:/image-volumes"}}, false},
		{"overlay that is written", specs.Mount{Destination: "/t", Type: "overlay", Source: "overlay", Options: []string{"lowerdir=/a/overlay/77/merged:/image-volumes", "upperdir=/etc"}}, false},
		{"host's shm", bind("/dev/shm", "/dev/shm"), false},
		{"relative", bind("/x", "etc"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := decide(t, newSpec(withMount(tt.mount)), "hostPaths: {}")
			if got := d.Outcome() == Allowed; got != tt.own || len(d.Violations) > 1 {
				t.Errorf("own: %v, want %v (%q)", got, tt.own, findings(d))
			}
		})
	}
	t.Run("CRI-O", func(t *testing.T) {
		spec := newSpec()
		spec.Mounts = crioMounts("5d1c", "9b7e")
		if d := decide(t, spec, "hostPaths: {}"); d.Outcome() != Allowed {
			t.Error(findings(d))
		}
		spec.Mounts = crioMounts("5d1d", "9b7f")
		if d := decide(t, spec, "hostPaths: {}"); len(d.Violations) != 7 { // all but proc and the image's overlay
			t.Error(findings(d))
		}
	})
	t.Run("ids not known", func(t *testing.T) {
		sub := subject(newSpec(withMount(bind("/vol", cri+"containers//volumes/ab12"))))
		sub.Pod.UID, sub.Pod.ID, sub.Container.Name, sub.Container.ID = "", "", "", ""
		d := compileDocs(t, policyDoc("test", "hostPaths: {}")).Evaluate(sub, Final)
		if len(d.Violations) != 7 {
			t.Error(findings(d))
		}
	})
	t.Run("uid out of its directory", func(t *testing.T) {
		sub := subject(newSpec(withMount(bind("/x", "/var/lib/kubelet/volumes/a/b"))))
		sub.Pod.UID = ".."
		if d := compileDocs(t, policyDoc("test", "hostPaths: {}")).Evaluate(sub, Final); len(d.Violations) != 4 {
			t.Error(findings(d))
		}
	})
	t.Run("shm of the host's ipc namespace", func(t *testing.T) {
		sub := subject(newSpec(withMount(bind("/dev/shm", "/dev/shm")), withoutNamespace(specs.IPCNamespace)))
		if d := compileDocs(t, policyDoc("test", "hostPaths: {}")).Evaluate(sub, Final); d.Outcome() != Allowed {
			t.Error(findings(d))
		}
	})
}

// TestHostPathsOfAnUnknownNamespace: whether the host's shared memory may be
// there is judged when it is known whose the ipc namespace is.
func TestHostPathsOfAnUnknownNamespace(t *testing.T) {
	sub := subject(newSpec(withMount(bind("/dev/shm", "/dev/shm"))))
	set := compileDocs(t, policyDoc("test", "hostPaths: {}"))
	for unseen, want := range map[bool]Outcome{true: Allowed, false: Denied} {
		if sub.Pod.NamespacePathsUnseen = unseen; set.Evaluate(sub, Early).Outcome() != want {
			t.Errorf("unseen is %t: not %s", unseen, want)
		}
	}
}

// TestHostPathsEarly judges what NRI shows: the mounts and nothing else.
func TestHostPathsEarly(t *testing.T) {
	full := newSpec(withMount(bind("/logs", "/var/log")))
	sub := subject(&specs.Spec{Mounts: full.Mounts})
	set := compileDocs(t, policyDoc("test", "hostPaths: {}"))
	want := []string{"hostPaths: host path /var/log at /logs is not allowed (allowed: none)"}
	if got := findings(set.Evaluate(sub, Early)); !slices.Equal(got, want) {
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
		{"dots", "[{path: /data}]", plain, "/data/../etc", rw, `host path /data/../etc at /x is not allowed: it has ".." in it (allowed: /data)`},
		{"dots behind a link", "[{path: /data}]", plain, "/data/link/..", rw, `host path /data/link/.. at /x is not allowed: it has ".." in it (allowed: /data)`},
		{"slashes", "[{path: /data}]", plain, "//data///a/", rw, ""},
		{"root covers", "[{path: /}]", plain, "/home", rw, ""},
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
			got := findings(compileDocs(t, policyDoc("test", "hostPaths: {allowed: "+tt.allowed+"}")).Evaluate(sub, Final))
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

// TestHostPathsSensitive asks about paths that give away the node.
func TestHostPathsSensitive(t *testing.T) {
	moved := map[string]string{"/var/run": "/run", "/var/lib/docker": "/srv/docker"}
	for _, tt := range []struct {
		allowed, source, note string // note is "" where the mount is allowed
	}{
		{"/", "/", ""},
		{"/", "/run", "with the container runtime's /run/containerd"},
		{"/", "/run/containerd", "the container runtime's own"},
		{"/", "/var", "with the container runtime's /var/lib/containerd"},
		{"/run", "/run", ""},
		{"/run", "/run/app", ""},
		{"/run", "/run/containerd", "the container runtime's own"},
		{"/run", "/run/containerd/containerd.sock", "the container runtime's own"},
		{"/run", "/run/containerd-not", ""},
		{"/run", "/run/docker.sock", "the container runtime's own"},
		{"/run", "/run/k3s/containerd/containerd.sock", "the container runtime's own"},
		{"/run", "/run/specguard/x", "specguard's own"},
		{"/run/containerd", "/run/containerd/containerd.sock", ""},
		{"/run/containerd/containerd.sock", "/run/containerd/containerd.sock", ""},
		{"/var/run", "/run", ""},
		{"/var/run/docker.sock", "/run/docker.sock", ""},
		{"/srv", "/srv/docker/volumes", "the container runtime's own"},
		{"/srv", "/srv/other", ""},
		{"/var/lib/docker", "/srv/docker/volumes", ""},
		{"/var/lib", "/var/lib/kubelet/pods", "the kubelet's own"},
		{"/var/lib", "/var/lib/kubelet", "the kubelet's own"},
		{"/var/lib/kubelet/pods", "/var/lib/kubelet/pods/x", ""},
		{"/etc", "/etc/kubernetes/pki", "the kubelet's own"},
		{"/etc", "/etc/specguard", "specguard's own"},
		{"/etc", "/etc/hosts", ""},
	} {
		sub := subject(newSpec(withMount(bind("/x", tt.source))))
		sub.Host = fakeHost{links: moved}
		got := findings(compileDocs(t, policyDoc("test", "hostPaths: {allowed: [{path: "+tt.allowed+"}]}")).Evaluate(sub, Final))
		var want []string
		if tt.note != "" {
			want = []string{"hostPaths: host path " + tt.source + " (" + tt.note + ") at /x is not allowed (allowed: " + tt.allowed + ")"}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s under %s:\n got %q\nwant %q", tt.source, tt.allowed, got, want)
		}
	}
}

// TestHostPathsSubPath: the kubelet mounts the subPaths of hostPath volumes
// and of all others from the same place.
func TestHostPathsSubPath(t *testing.T) {
	const dir = "/var/lib/kubelet/pods/3f2a/volume-subpaths/"
	host := fakeHost{links: map[string]string{}, subpaths: map[string]string{
		dir + "data/app/0": "kubernetes.io~csi", dir + "host/app/1": "", dir + "data/other/0": "kubernetes.io~csi",
	}}
	for _, tt := range []struct {
		source, allowed string
		host            Host
		ok              bool
	}{
		{dir + "data/app/0", "/srv", host, true},
		{dir + "host/app/1", "/srv", host, false},
		{dir + "unseen/app/2", "/srv", host, false},
		{dir + "data/other/0", "/srv", host, false},
		{dir + "data/app", "/srv", host, false},
		{dir + "data/app/0", "/srv", NoHost{}, false},
		{dir + "host/app/1", "/var/lib", host, false},
		{dir + "host/app/1", dir + "host/app/1", host, true},
	} {
		sub := subject(newSpec(withMount(bind("/x", tt.source))))
		sub.Host = tt.host
		got := findings(compileDocs(t, policyDoc("test", "hostPaths: {allowed: [{path: "+tt.allowed+"}]}")).Evaluate(sub, Final))
		var want []string
		if !tt.ok {
			want = []string{"hostPaths: host path " + tt.source + " (a subPath that may be of a hostPath volume) at /x is not allowed (allowed: " + tt.allowed + ")"}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", tt.source, got, want)
		}
	}
}

// TestHostPathsKubeletMoved: the kubelet's directory is where the host says,
// symlinks followed.
func TestHostPathsKubeletMoved(t *testing.T) {
	sub := subject(newSpec())
	sub.Spec.Mounts = []specs.Mount{
		bind("/a", "/data/kubelet/pods/3f2a/volumes/kubernetes.io~secret/a"),
		bind("/b", "/mnt/disk/kubelet/pods/3f2a/volumes/kubernetes.io~secret/a"),
		bind("/c", "/var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~secret/a"),
	}
	sub.Host = fakeHost{kubelet: "/data/kubelet", links: map[string]string{"/data": "/mnt/disk"}}
	want := []string{"hostPaths: host path /var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~secret/a at /c is not allowed (allowed: none)"}
	if got := findings(compileDocs(t, policyDoc("test", "hostPaths: {}")).Evaluate(sub, Final)); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestHostPathsAdjust(t *testing.T) {
	const rule = "hostPaths: {onViolation: adjust, allowed: [{path: /data, readOnly: true, propagation: HostToContainer}, {path: /srv}]}"
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

func TestHostPathsLoad(t *testing.T) {
	for rule, want := range map[string]string{
		"{allowed: [{readOnly: true}]}":                "0.yaml:6:27: spec.rules.hostPaths.allowed[0].path: is missing",
		"{allowed: [{path: /a, propagation: Shared}]}": `0.yaml:6:51: spec.rules.hostPaths.allowed[0].propagation: "Shared" is not one of None, HostToContainer, Bidirectional`,
		"{allowed: [{path: /a}, {path: /a}]}":          "0.yaml:6:26: spec.rules.hostPaths.allowed: has /a twice",
		"{allowed: [/a]}":                              `0.yaml:6:27: spec.rules.hostPaths.allowed[0]: must be a mapping, not "/a"`,
		"{allowed: [{path: a}]}":                       `0.yaml:6:34: spec.rules.hostPaths.allowed[0].path: "a" is no path that can be used here (allowed: an absolute path without "..", "//" or a slash at its end)`,
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
		if d := set.Evaluate(sub, Final); d.Outcome() != Adjusted {
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

// A runtime makes the root filesystem shared for the sake of a shared mount.
func TestHostPathsRootPropagation(t *testing.T) {
	const rule = "hostPaths: {onViolation: adjust, allowed: [{path: /data}, {path: /both, propagation: Bidirectional}]}"
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
		d := compileDocs(t, policyDoc("test", "hostPaths: {onViolation: adjust, allowed: [{path: /data, readOnly: true}]}")).Evaluate(sub, Final)
		if got := strings.Join(d.Spec.Mounts[len(d.Spec.Mounts)-1].Options, " "); got != want || d.Outcome() != Adjusted {
			t.Errorf("old: %t: %s %q, want %q", old, d.Outcome(), got, want)
		}
	}
}

// TestHostPathsLikeClaim: the denial of what may be a claim's says so.
func TestHostPathsLikeClaim(t *testing.T) {
	const note = "that may be of a claim bound to a hostPath volume"
	for source, want := range map[string]bool{
		"/opt/local-path-provisioner/pvc-d9bd3878-f710-417b-a4b3-38811aa8aac1_team-db_data": true,
		"/srv/pvc-d9bd3878-f710-417b-a4b3-38811aa8aac1":                                     true,
		"/srv/pvc-d9bd3878":      false,
		"/srv/data":              false,
		"/var/lib/kubelet/pvc-1": false,
	} {
		got := strings.Join(findings(decide(t, newSpec(withMount(bind("/data", source, "rbind"))), "hostPaths: {}")), "")
		if strings.Contains(got, note) != want || got == "" {
			t.Errorf("%s: %q", source, got)
		}
	}
}
