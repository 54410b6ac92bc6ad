package policy

import (
	"path"
	"slices"
	"strings"
	"testing"
)

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
		got := findings(compileDocs(t, policyDoc("test", "hostPaths: {allowed: [{path: "+tt.allowed+"}]}")).Evaluate(sub, Complete))
		var want []string
		if tt.note != "" {
			want = []string{"hostPaths: host path " + tt.source + " (" + tt.note + ") at /x is not allowed (allowed: " + tt.allowed + ")"}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s under %s:\n got %q\nwant %q", tt.source, tt.allowed, got, want)
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

// TestHostPathsExecuted asks about what the node's own programs run, and obey: a path
// above does not cover it, or what holds it, where it can be written.
func TestHostPathsExecuted(t *testing.T) {
	rule := func(allowed string) string {
		return "hostPaths: {onViolation: adjust, remove: writable, allowed: [{path: " + allowed + "}]}"
	}
	judge := func(rule, source string, options ...string) *Decision {
		sub := subject(newSpec(withMount(bind("/x", source, options...))))
		sub.Host = fakeHost{links: map[string]string{}}
		return compileDocs(t, policyDoc("test", rule)).Evaluate(sub, Complete)
	}
	removed := func(d *Decision) bool {
		return slices.ContainsFunc(changes(d), func(c string) bool { return strings.Contains(c, "removed") })
	}
	for _, o := range append(secretPaths(NoHost{}), executedPaths()...) {
		for _, p := range o.paths {
			for above := path.Dir(p); ; above = path.Dir(above) {
				for source := p; source != above; source = path.Dir(source) {
					if d := judge(rule(above), source); !removed(d) {
						t.Errorf("%s covers %s, writable", above, source)
					}
					if d := judge(rule(above), source, "ro"); removed(d) != o.read && source == p {
						t.Errorf("%s, read-only, below %s: %q", source, above, changes(d))
					}
				}
				for _, source := range []string{p, p + "/x"} {
					if d := judge(rule(above+", readOnly: true"), source); removed(d) != o.read || d.Outcome() != Adjusted {
						t.Errorf("%s below %s, which is read-only: %s %q", source, above, d.Outcome(), changes(d))
					}
				}
				if d := judge(rule(above), above); d.Outcome() != Allowed {
					t.Errorf("%s is not allowed though it is named: %q", above, changes(d))
				}
				if above == "/" {
					break
				}
			}
			for _, source := range []string{p, p + "/x"} {
				if d := judge(rule(p), source); d.Outcome() != Allowed {
					t.Errorf("%s in %s, which is named: %q", source, p, changes(d))
				}
			}
		}
	}
	for _, source := range []string{
		"/opt/cni/bin", "/opt/containerd/bin", "/etc/cdi", "/run/cdi", "/etc/cni/net.d", "/usr/libexec/kubernetes/kubelet-plugins/volume/exec",
		"/run/runc", "/run/systemd/private", "/run/dbus/system_bus_socket", "/run/dockershim.sock", "/run/buildkit", "/run/containers",
		"/var/lib/cni", "/var/lib/crio", "/var/lib/etcd", "/var/log/pods", "/usr/bin/runc", "/usr/local/bin", "/usr/lib/systemd/system",
		"/opt", "/run", "/usr/libexec", "/usr", "/etc",
	} {
		if d := judge(rule("/"), source); !removed(d) {
			t.Errorf("/ covers %s", source)
		}
	}
	for _, source := range []string{"/srv", "/opt/app", "/run/app", "/var/log/app", "/etc/app", "/usr/share/zoneinfo", "/mnt", "/proc", "/sys", "/dev"} {
		if d := judge(rule("/"), source); d.Outcome() != Allowed {
			t.Errorf("/ does not cover %s: %q", source, changes(d))
		}
	}
}
