package policy

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"pgregory.net/rapid"
)

// forbidding is a policy that forbids those paths, and more fields.
func forbidding(name, paths string, more ...string) string {
	return policyDoc(name, "hostPaths: {"+strings.Join(append([]string{"forbidden: [" + paths + "]"}, more...), ", ")+"}")
}

func TestHostPathsForbidden(t *testing.T) {
	usual := fakeHost{
		links: map[string]string{"/var/run": "/run", "/srv/l": "/run/containerd", "/opt/deep": "/srv/l", "/etc/secret": "/data/secret"},
		binds: map[string]string{"/mnt/run": "/run", "/mnt/sock": "/run/containerd/containerd.sock", "/srv/b/c": "/data/secret/x",
			podsOfOther + "/volume-subpaths/v/app/0": "/run/crio/crio.sock"},
		sockets: []string{"/tmp/own/own.sock"},
	}
	const sockets = " (RuntimeSockets)"
	for _, tt := range []struct {
		forbidden, source string
		want              string // why; "" where it may be mounted
	}{
		{"RuntimeSockets", "/run/containerd/containerd.sock", "it is in the forbidden /run/containerd" + sockets},
		{"RuntimeSockets", "/run/containerd", "it is the forbidden /run/containerd" + sockets},
		{"RuntimeSockets", "/run", "it contains the forbidden /run/containerd" + sockets},
		{"RuntimeSockets", "/", "it contains the forbidden /run/containerd" + sockets},
		{"RuntimeSockets", "/proc", "it shows the host's processes, and each of them leads to the forbidden /run/containerd" + sockets},
		{"RuntimeSockets", "/proc/1/root", "it shows the host's processes, and each of them leads to the forbidden /run/containerd" + sockets},
		{"RuntimeSockets", "/proc/sys", ""},
		{"RuntimeSockets", "/var/run/crio/crio.sock", "it is in the forbidden /run/crio" + sockets},
		{"RuntimeSockets", "/var/run/docker.sock", "it is the forbidden /run/docker.sock" + sockets},
		{"RuntimeSockets", "/var", "it contains the forbidden /var/lib/kubelet/device-plugins" + sockets},
		{"RuntimeSockets", "/var/lib/kubelet/device-plugins", "it is the forbidden /var/lib/kubelet/device-plugins" + sockets},
		{"RuntimeSockets", "/var/lib/kubelet", "it contains the forbidden /var/lib/kubelet/device-plugins" + sockets},
		{"RuntimeSockets", "/var/lib/kubelet/plugins/csi.example.com", ""},
		{"RuntimeSockets", "/var/lib/kubelet/plugins_registry", "it is the forbidden /var/lib/kubelet/plugins_registry" + sockets},
		{"RuntimeSockets", "/var/log", ""},
		{"RuntimeSockets", "/run/containerd-not", ""},
		{"RuntimeSockets", "/etc/containerd", ""},
		{"RuntimeSockets", "/usr/bin", ""},
		{"RuntimeSockets", "/tmp/own/own.sock", "it is the forbidden /tmp/own/own.sock" + sockets},
		{"RuntimeSockets", "/tmp", "it contains the forbidden /tmp/own/own.sock" + sockets},
		{"RuntimeSockets", "/srv/l", "it is the forbidden /run/containerd" + sockets},
		{"RuntimeSockets", "/opt/deep/containerd.sock", "it is in the forbidden /run/containerd" + sockets},
		{"RuntimeSockets", "/opt", ""},
		{"RuntimeSockets", "/mnt/run", "it shows files of the forbidden /run/containerd" + sockets},
		{"RuntimeSockets", "/mnt/run/containerd/s", "it shows files of the forbidden /run/containerd" + sockets},
		{"RuntimeSockets", "/mnt/run/app", ""},
		{"RuntimeSockets", "/mnt/sock", "it shows files of the forbidden /run/containerd" + sockets},
		{"RuntimeSockets", "/mnt", "it shows files of the forbidden /run/containerd" + sockets},
		{"RuntimeSockets", podsOfOther + "/volume-subpaths/v/app/0", "it shows files of the forbidden /run/crio" + sockets},
		{"RuntimeSockets", podsOfOther, "it shows files of the forbidden /run/crio" + sockets},
		{"/data/secret", "/data", "it contains the forbidden /data/secret"},
		{"/data/secret", "/data/secret", "it is the forbidden /data/secret"},
		{"/data/secret", "/data/secret/y", "it is in the forbidden /data/secret"},
		{"/data/secret", "/data/secrets", ""},
		{"/data/secret", "/srv/b/c", "it shows files of the forbidden /data/secret"},
		{"/data/secret", "/srv", "it shows files of the forbidden /data/secret"},
		{"/data/secret", "/etc/secret", "it is the forbidden /data/secret"},
		{"/etc/secret", "/data/secret", "it is the forbidden /data/secret"},
		{"/etc/secret", "/etc", ""}, // the link leads nowhere there
		{"/", "/opt/x", "it is in the forbidden /"},
		{"/srv, /opt", "/opt/x", "it is in the forbidden /opt"},
		{"/srv", "/opt/x/../../srv", `it contains ".."`},
		{"/srv", "srv", "it is not an absolute path"},
	} {
		for _, allowed := range []string{"", "allowed: [{path: /, propagation: Bidirectional}, {path: /usr/bin}, {path: /var/lib/kubelet/plugins}, {path: /etc/containerd}]"} {
			more, list := []string{}, "all but "+tt.forbidden
			if allowed != "" {
				if tt.forbidden == "/" {
					continue
				}
				more, list = []string{allowed}, "/ Bidirectional, /usr/bin, /var/lib/kubelet/plugins, /etc/containerd"
			}
			for _, option := range []string{"rw", "ro"} {
				sub := subject(newSpec(withMount(bind("/x", tt.source, "rbind", "rshared", option))))
				sub.Host = usual
				got := findings(compileDocs(t, forbidding("test", tt.forbidden, more...)).Evaluate(sub, Complete))
				switch {
				case tt.want == "" && allowed != "" && !strings.Contains(strings.Join(got, ""), "the forbidden"), tt.source == "/etc" && allowed != "":
				case tt.want == "" && len(got) > 0,
					tt.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], "hostPaths: host path "+tt.source) ||
						!strings.HasSuffix(got[0], " at /x is not allowed: "+tt.want+" (allowed: "+list+")")):
					t.Errorf("%s under %s, %s, %s:\n got %q\nwant %s", tt.source, tt.forbidden, allowed, option, got, tt.want)
				}
			}
		}
	}
}

const podsOfOther = "/var/lib/kubelet/pods/4444"

// TestForbiddenNotAllowed: a list of what is forbidden allows nothing that a list of what is
// allowed does not.
func TestForbiddenNotAllowed(t *testing.T) {
	d := onHost(t, fakeHost{links: map[string]string{}}, "/mnt", forbidding("test", "RuntimeSockets", "allowed: []"))
	if got := findings(d); !slices.Equal(got, []string{"hostPaths: host path /mnt at /x is not allowed (allowed: none)"}) {
		t.Errorf("%q", got)
	}
	profiled := strings.Replace(forbidding("test", "RuntimeSockets"), "spec:\n", "spec:\n  profile: baseline\n", 1)
	if got := strings.Join(findings(onHost(t, fakeHost{links: map[string]string{}}, "/mnt", profiled)), ""); !strings.Contains(got, "host path /mnt at /x is not allowed (allowed: none)") {
		t.Errorf("with a profile: %q", got)
	}
}

// TestForbiddenVolumes asks about what the kubelet and the runtime make: it is forbidden only
// where it shows files from elsewhere.
func TestForbiddenVolumes(t *testing.T) {
	const rule = "forbidden: [RuntimeSockets, /var/lib, /data/secret]"
	volume := func(name string) string { return podVolumes + "kubernetes.io~" + name }
	sub := "/var/lib/kubelet/pods/3f2a/volume-subpaths/v/app/"
	for _, tt := range []struct {
		name, at, source string
		from             string // what is mounted there; "" for nothing
		plugin           string // of a subPath
		want             string
	}{
		{name: "emptyDir", source: volume("empty-dir/v")},
		{name: "emptyDir over a socket", source: volume("empty-dir/v"), from: "/run/containerd/containerd.sock", want: "emptyDir at /x is not allowed: it shows files of the forbidden /run/containerd (RuntimeSockets)"},
		{name: "csi", source: volume("csi/v/mount"), from: "/mnt/csi"},
		{name: "csi of a socket's folder", source: volume("csi/v/mount"), from: "/run", want: "csi at /x is not allowed: it shows files of the forbidden /run/containerd (RuntimeSockets)"},
		{name: "local", source: volume("local-volume/v"), from: "/mnt/disk"},
		{name: "local in a forbidden folder", source: volume("local-volume/v"), from: "/data/secret/x", want: "local at /x is not allowed: it shows files of the forbidden /data/secret"},
		{name: "local around it", source: volume("local-volume/v"), from: "/data", want: "local at /x is not allowed: it shows files of the forbidden /data/secret"},
		{name: "local of the kubelet's folder", source: volume("local-volume/v"), from: "/var/lib/kubelet/pods/3f2a/x", want: "local at /x is not allowed: it shows files of the forbidden /var/lib"},
		{name: "subPath", source: sub + "0", from: volume("empty-dir/v/a"), plugin: "kubernetes.io~empty-dir"},
		{name: "subPath of a local volume", source: sub + "0", from: "/data/secret/x", plugin: "kubernetes.io~local-volume", want: "local at /x is not allowed: it shows files of the forbidden /data/secret"},
		{name: "hosts", at: "/etc/hosts", source: "/var/lib/kubelet/pods/3f2a/etc-hosts"},
		{name: "shm", at: "/dev/shm", source: "/run/containerd/io.containerd.grpc.v1.cri/sandboxes/5d1c/shm"},
		{name: "resolv.conf", at: "/etc/resolv.conf", source: "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/5d1c/resolv.conf"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			host := fakeHost{links: map[string]string{}, binds: map[string]string{}, subpaths: map[string]string{}}
			if tt.from != "" {
				host.binds[tt.source] = tt.from
			}
			if tt.plugin != "" {
				host.subpaths[tt.source] = tt.plugin
			}
			at := "/x"
			if tt.at != "" {
				at = tt.at
			}
			sub := subject(newSpec(withMount(bind(at, tt.source, "rbind", "ro"))))
			sub.Host = host
			var want []string
			if tt.want != "" {
				want = []string{"hostPaths: " + tt.want + " (allowed: all but RuntimeSockets, /var/lib, /data/secret)"}
			}
			if got := findings(compileDocs(t, policyDoc("test", "hostPaths: {"+rule+"}")).Evaluate(sub, Complete)); !slices.Equal(got, want) {
				t.Errorf("\n got %q\nwant %q", got, want)
			}
			early := sub
			early.Spec = &specs.Spec{Mounts: sub.Spec.Mounts}
			if got := findings(compileDocs(t, policyDoc("test", "hostPaths: {"+rule+"}")).Evaluate(early, Partial)); !slices.Equal(got, want) {
				t.Errorf("early: %q", got)
			}
			d := compileDocs(t, policyDoc("test", "hostPaths: {onViolation: adjust, remove: writable, "+rule+"}")).Evaluate(sub, Complete)
			if removed := len(d.Spec.Mounts) < len(sub.Spec.Mounts); removed != (want != nil) || d.Outcome() == Denied {
				t.Errorf("adjusted: %s %q %q", d.Outcome(), findings(d), changes(d))
			}
		})
	}
}

// unlocated sees symlinks, and not what is mounted.
type unlocated struct {
	fakeHost
	err error
}

func (u unlocated) Locate(string) ([]Location, error) { return nil, u.err }

// TestForbiddenNotSeen: what cannot be found out is not allowed.
func TestForbiddenNotSeen(t *testing.T) {
	const sub = "/var/lib/kubelet/pods/3f2a/volume-subpaths/v/app/0"
	for _, tt := range []struct {
		host   Host
		source string
		want   string
	}{
		{NoHost{}, "/opt", ""},
		{NoHost{}, "/var/run/docker.sock", "it is the forbidden /run/docker.sock (RuntimeSockets)"},
		{NoHost{}, sub, "what is mounted there is not known, and may be forbidden"},
		{unlocated{fakeHost{links: map[string]string{}}, fmt.Errorf("no mountinfo")}, "/opt", "no mountinfo"},
		{unlocated{fakeHost{links: map[string]string{}}, nil}, sub, "what is mounted there is not known, and may be forbidden"},
		{fakeHost{links: map[string]string{}, denied: "/opt"}, "/opt/x", "permission denied"},
	} {
		got := strings.Join(findings(onHost(t, tt.host, tt.source, forbidding("test", "RuntimeSockets"))), "")
		if !strings.Contains(got, "is not allowed: "+tt.want+" (") && tt.want != "" || tt.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", tt.source, got, tt.want)
		}
	}
}

// TestForbiddenUnverified: where what gets mounted cannot be compared, no path is mounted that a container
// of the policy could replace: it may write wherever nothing is forbidden.
func TestForbiddenUnverified(t *testing.T) {
	host := fakeHost{links: map[string]string{"/srv/l": "/opt", "/var/run": "/run", "/data/l": "/opt"}}
	for source, want := range map[string]string{
		"/opt": "", "/run/app": "", "/var/run/app": "", "/data/x": "", "/data/l": "",
		"/opt/x": "/opt/x is in /opt", "/run/app/x": "/run/app/x is in /run/app", "/srv/l": "/srv/l is in /srv", "/opt/x/y": "/opt/x/y is in /opt",
		"/var/lib/kubelet/pods/x": "/var/lib/kubelet/pods/x is in /var/lib/kubelet/pods",
	} {
		sub := subject(newSpec(withMount(bind("/x", source, "rbind", "ro"))))
		sub.Host, sub.MountsUnverified = host, "why"
		d := compileDocs(t, forbidding("test", "RuntimeSockets, /data/keep/secret")).Evaluate(sub, Complete)
		if got := strings.Join(findings(d), ""); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
}

// TestForbiddenStray: a container that makes a forbidden path a link makes nothing else allowed.
func TestForbiddenStray(t *testing.T) {
	host := fakeHost{links: map[string]string{"/srv/secret": "/opt"}}
	writes := in("other", allowing("other", "{path: /srv}"))
	for source, want := range map[string]bool{"/srv/secret": true, "/srv": true, "/opt/x": true, "/srv/other": false, "/data": false} {
		d := onHost(t, host, source, forbidding("test", "/srv/secret"), writes)
		if denied := d.Outcome() == Denied; denied != want {
			t.Errorf("%s: %q", source, findings(d))
		}
	}
}

// TestForbiddenAdjust: a forbidden mount is removed as one that is not allowed, and not where it
// hides something.
func TestForbiddenAdjust(t *testing.T) {
	const rule = "hostPaths: {onViolation: adjust, remove: writable, forbidden: [RuntimeSockets]}"
	spec := newSpec()
	spec.Mounts = append(spec.Mounts, bind("/run/sock", "/run/containerd/containerd.sock", "rbind", "ro"), bind("/data", "/srv", "rbind", "rshared"))
	d := decide(t, spec, rule)
	if want := []string{"hostPaths: removed host path /run/containerd/containerd.sock at /run/sock"}; d.Outcome() != Adjusted || !slices.Equal(changes(d), want) {
		t.Errorf("%s %q %q", d.Outcome(), changes(d), findings(d))
	}
	if again := decide(t, d.Spec, rule); again.Outcome() != Allowed {
		t.Errorf("then: %q", findings(again))
	}
	spec.Mounts = append(spec.Mounts, bind("/data/sock", "/run/crio", "rbind", "ro"))
	if d := decide(t, spec, rule); d.Outcome() != Denied {
		t.Errorf("in a volume: %q", changes(d))
	}
}

// TestPropertyHostPathsForbidden: whatever links and bind mounts a host has, a mount that is not denied
// shows no file of a forbidden path; and to forbid a path never allows another one.
func TestPropertyHostPathsForbidden(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		links := drawLinks(t)
		host := fakeHost{links: links, binds: map[string]string{}}
		for range rapid.IntRange(0, 2).Draw(t, "binds") {
			host.binds[drawPath(t, "point", 3)] = drawPath(t, "from", 3)
		}
		forbidden := drawPath(t, "forbidden", 3)
		source, option := drawSource(t, links), pick(t, "option", "ro", "rw")
		var allowed []string
		if rapid.Bool().Draw(t, "allows") && forbidden != "/" {
			allowed = []string{"allowed: [{path: /}]"}
		}
		d := mountOf(t, host, source, option, "", forbidding("mine", forbidden, allowed...), theirs(t, "theirs"))
		if allowed != nil && d.Outcome() != Denied && mountOf(t, host, source, option, "", allowing("mine", "{path: /}")).Outcome() == Denied {
			t.Errorf("%s is allowed only because %s is forbidden", source, forbidden)
		}
		if d.Outcome() == Denied {
			return
		}
		real, _, err := host.ResolvePath(source)
		if err != nil {
			t.Fatalf("%s is allowed, and unknown", source)
		}
		own, _, err := host.ResolvePath(forbidden)
		if err != nil {
			own = forbidden
		}
		sub := subject(newSpec()).ready()
		sub.Host = host
		m := bind("/x", source, "rbind", option)
		made := !sub.origin(&m).host
		if made {
			return
		}
		if _, in := under(own, real); in {
			t.Errorf("%s (%s) is in %s", source, real, own)
		}
		if _, holds := under(real, own); holds {
			t.Errorf("%s (%s) contains %s", source, real, own)
		}
		f := first(host, own)
		for _, a := range reached(host, real) {
			if l := (Location{"8:1", a}); f.holds(l) || l.holds(f) {
				t.Errorf("%s (%s) shows %s, forbidden is %s (%v); links %v, binds %v", source, real, a, forbidden, f, links, host.binds)
			}
		}
	})
}

func first(h fakeHost, p string) Location {
	l, _ := h.Locate(p)
	return l[0]
}

// reached are the places that a mount of the path shows.
func reached(h fakeHost, p string) []string {
	shown, _ := h.Locate(p)
	var out []string
	for _, l := range shown {
		out = append(out, path.Clean(l.Root))
	}
	return out
}
