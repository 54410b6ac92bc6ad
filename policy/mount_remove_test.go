package policy

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"pgregory.net/rapid"
)

// TestRemove has what a rule removes of what is not allowed.
func TestRemove(t *testing.T) {
	volume := func(name string, options ...string) specs.Mount {
		return bind("/x", podVolumes+"kubernetes.io~"+name, append([]string{"rbind", "rprivate"}, options...)...)
	}
	image := bind("/x", "/run/containerd/io.containerd.grpc.v1.cri/image-volumes/5d1c/cafe", "rbind")
	for _, tt := range []struct {
		name     string
		mount    specs.Mount
		writable bool
	}{
		{"emptyDir", volume("empty-dir/v", "rw"), true},
		{"emptyDir, no word of it", volume("empty-dir/v"), true},
		{"emptyDir, read-only", volume("empty-dir/v", "ro"), false},
		{"emptyDir, recursively read-only", volume("empty-dir/v", "rro"), false},
		{"emptyDir, both", volume("empty-dir/v", "ro", "rro"), false},
		{"emptyDir, read-only and then not", volume("empty-dir/v", "ro", "rw"), true},
		{"emptyDir, read-only but for what is below", volume("empty-dir/v", "ro", "rrw"), true},
		{"a claim", volume("csi/v/mount", "rw"), true},
		{"nfs, read-only", volume("nfs/v", "ro"), false},
		{"secret", volume("secret/v", "ro"), false},
		{"secret, as no kubelet mounts it", volume("secret/v", "rw"), false},
		{"configMap", volume("configmap/v", "rw"), false},
		{"projected", volume("projected/v", "rw"), false},
		{"downwardAPI", volume("downward-api/v", "rw"), false},
		{"image", image, false},
		{"hostPath", bind("/x", "/srv", "rbind"), true},
		{"hostPath, read-only", bind("/x", "/srv", "rbind", "ro"), false},
		{"a device with a file system", specs.Mount{Destination: "/x", Type: "ext4", Source: "/dev/sda"}, true},
		{"that, read-only", specs.Mount{Destination: "/x", Type: "ext4", Source: "/dev/sda", Options: []string{"ro"}}, false},
	} {
		spec := newSpec(withMount(tt.mount))
		for remove, removes := range map[string]bool{"": !tt.writable, "remove: readOnly, ": !tt.writable, "remove: writable, ": true, "remove: none, ": false} {
			rules := []string{"volumeTypes: {onViolation: adjust, " + remove + "allowed: [projected]}"}
			if tt.name == "projected" {
				rules = nil // the service account's token is one, too
			}
			if sub := subject(spec).ready(); sub.origin(&tt.mount).host {
				rules = append(rules, "hostPaths: {onViolation: adjust, "+remove+"allowed: []}")
			}
			for _, rule := range rules {
				d := decide(t, spec, rule)
				if removed := len(d.Spec.Mounts) < len(spec.Mounts); removed != removes || (d.Outcome() == Denied) == removes {
					t.Errorf("%s, %s: %s %q %q", tt.name, rule, d.Outcome(), changes(d), findings(d))
				}
				told := strings.Contains(strings.Join(findings(d), ""), "writable, so not removed")
				if want := tt.writable && !removes && remove != "remove: none, "; told != want {
					t.Errorf("%s, %s: %q", tt.name, rule, findings(d))
				}
			}
		}
	}
}

// TestRemoveBelow: a read-only mount of a folder leaves writable what is mounted in it, unless it is
// recursively read-only.
func TestRemoveBelow(t *testing.T) {
	host := fakeHost{links: map[string]string{}, binds: map[string]string{"/srv/disk": "/dev/x"}}
	for _, tt := range []struct {
		mount specs.Mount
		host  Host
		want  Outcome
	}{
		{bind("/x", "/srv", "rbind", "ro"), host, Denied},
		{bind("/x", "/srv", "rbind", "ro", "rro"), host, Adjusted},
		{bind("/x", "/srv", "bind", "ro"), host, Adjusted},
		{bind("/x", "/srv/disk", "rbind", "ro"), host, Adjusted},
		{bind("/x", "/srv", "rbind", "ro"), unlocated{host, errors.New("broken")}, Denied},
		{bind("/x", "/srv", "rbind", "ro"), unlocated{host, ErrNotVisible}, Adjusted},
	} {
		for _, rule := range []string{"hostPaths: {onViolation: adjust, allowed: []}", "volumeTypes: {onViolation: adjust, allowed: [projected]}"} {
			sub := subject(newSpec(withMount(tt.mount)))
			sub.Host = tt.host
			if d := compileDocs(t, policyDoc("test", rule)).Evaluate(sub, Complete); d.Outcome() != tt.want {
				t.Errorf("%v, %s: %s %q", tt.mount, rule, d.Outcome(), findings(d))
			}
		}
	}
}

// TestRemoveMadeReadOnly: what a rule has made read-only was writable all the same.
func TestRemoveMadeReadOnly(t *testing.T) {
	const tighten = "hostPaths: {onViolation: adjust, allowed: [{path: /srv, readOnly: true}]}"
	spec := newSpec(withMount(bind("/x", "/srv", "rbind", "rw")))
	for name, docs := range map[string][]string{
		"by another rule":   {policyDoc("a", tighten, "volumeTypes: {onViolation: adjust, allowed: [projected]}")},
		"by another policy": {policyDoc("a", tighten), policyDoc("b", "hostPaths: {onViolation: adjust, allowed: []}")},
		"in another order":  {policyDoc("b", tighten), policyDoc("a", "hostPaths: {onViolation: adjust, allowed: []}")},
	} {
		if d := compileDocs(t, docs...).Evaluate(subject(spec), Complete); d.Outcome() != Denied || len(d.Spec.Mounts) != len(spec.Mounts) {
			t.Errorf("%s: %s %q", name, d.Outcome(), changes(d))
		}
	}
}

// TestRemoveForbidden: a forbidden mount is removed as one that is not allowed.
func TestRemoveForbidden(t *testing.T) {
	const socket = "/run/containerd/containerd.sock"
	for _, tt := range []struct {
		remove, option string
		want           Outcome
	}{
		{"", "rw", Denied}, {"", "ro", Adjusted}, {"remove: writable, ", "rw", Adjusted}, {"remove: none, ", "ro", Denied},
	} {
		d := decide(t, newSpec(withMount(bind("/x", socket, "rbind", tt.option))), "hostPaths: {onViolation: adjust, "+tt.remove+"forbidden: [RuntimeSockets]}")
		if d.Outcome() != tt.want {
			t.Errorf("%+v: %s %q", tt, d.Outcome(), findings(d))
		}
	}
}

// TestKeptInside: whatever removes mounts says why it does not remove one that lies in another.
func TestKeptInside(t *testing.T) {
	const token = "/var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~projected/kube-api-access-x"
	run := bind("/var/run", "/var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~empty-dir/run", "rbind", "rw")
	for name, tt := range map[string]struct {
		mount specs.Mount
		rule  string
		want  string
	}{
		"a token": {
			bind("/var/run/x", token, "rbind", "ro"), "tokens: {onViolation: adjust}",
			"service account token at /var/run/secrets/kubernetes.io/serviceaccount (inside the mount /var/run, so not removed), " +
				"/var/run/x (inside the mount /var/run, so not removed) not allowed",
		},
		"a writable token": {
			bind("/x", token, "rbind", "rw"), "tokens: {onViolation: adjust}",
			"/x (writable, so not removed) not allowed",
		},
		"a volume": {
			bind("/var/run/x", "/srv", "rbind", "ro"), "volumeTypes: {onViolation: adjust, allowed: [emptyDir, projected]}",
			"hostPath at /var/run/x (inside the mount /var/run, so not removed) not allowed",
		},
		"a host path": {
			bind("/var/run/x", "/srv", "rbind", "ro"), "hostPaths: {onViolation: adjust, allowed: []}",
			"host path /srv (inside the mount /var/run, so not removed) at /var/run/x is not allowed",
		},
		"a remount": {
			bind("/x", "/srv", "rbind", "remount", "ro"), "hostPaths: {onViolation: adjust, remove: writable, allowed: []}",
			"(a remount, so not removed) at /x is not allowed",
		},
		"not adjusting": {
			bind("/var/run/x", "/srv", "rbind", "ro"), "hostPaths: {allowed: []}", "host path /srv at /var/run/x is not allowed",
		},
	} {
		d := decide(t, newSpec(withMount(run), withMount(tt.mount)), tt.rule)
		if got := strings.Join(findings(d), "; "); d.Outcome() != Denied || !strings.Contains(got, tt.want) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, tt.want)
		}
	}
}

func TestRemoveErrors(t *testing.T) {
	for rule, want := range map[string]string{
		"hostPaths: {remove: writable}":                                 "0.yaml:6:25: spec.rules.hostPaths.remove: needs onViolation: adjust",
		"volumeTypes: {allowed: [], remove: none}":                      "0.yaml:6:40: spec.rules.volumeTypes.remove: needs onViolation: adjust",
		"hostPaths: {onViolation: audit, remove: readOnly}":             "0.yaml:6:45: spec.rules.hostPaths.remove: needs onViolation: adjust",
		"hostPaths: {onViolation: adjust, remove: all}":                 `0.yaml:6:46: spec.rules.hostPaths.remove: "all" is not one of readOnly, writable, none`,
		"hostPaths: {onViolation: adjust, remove: true}":                `0.yaml:6:46: spec.rules.hostPaths.remove: "true" is not one of readOnly, writable, none`,
		"hostPaths: {onViolation: adjust, remove: readOnly}":            "",
		"volumeTypes: {onViolation: adjust, remove: none, allowed: []}": "",
	} {
		if got := loadError(rule); got != want {
			t.Errorf("%s: %q, want %q", rule, got, want)
		}
	}
}

// TestPropertyWritableMountsStay: no container that runs has lost a mount that it could write to, unless
// a policy says that such mounts may be removed.
func TestPropertyWritableMountsStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		docs := drawDocs(t)
		for i := range docs {
			docs[i] = strings.ReplaceAll(docs[i], "remove: writable", pick(t, "instead", "remove: readOnly", "remove: none"))
		}
		set := compileFiles(t, drawFiles(t, docs))
		sub := drawSubject(t)
		d := set.Evaluate(sub, Complete)
		if d.Outcome() == Denied {
			return
		}
		before := sub.ready()
		for i := range before.Spec.Mounts {
			m := &before.Spec.Mounts[i]
			if isPseudo(m) || isReadOnly(m) || !before.writesTo(m) {
				continue
			}
			if !slices.ContainsFunc(d.Spec.Mounts, func(o specs.Mount) bool {
				return o.Destination == m.Destination && o.Source == m.Source && isBind(&o) == isBind(m)
			}) {
				t.Errorf("%+v is gone: %q", m, changes(d))
			}
		}
	})
}
