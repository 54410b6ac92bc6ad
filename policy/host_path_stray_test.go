package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// in gives the policy document a match on a namespace, and more of its spec.
func in(namespace, doc string, more ...string) string {
	head := "spec:\n  match: {namespaces: [" + namespace + "]}\n"
	for _, m := range more {
		head += "  " + m + "\n"
	}
	return strings.Replace(doc, "spec:\n", head, 1)
}

// allowing is a policy that allows those paths.
func allowing(name string, paths ...string) string {
	return policyDoc(name, "hostPaths: {allowed: ["+strings.Join(paths, ", ")+"]}")
}

// onHost judges a bind mount of the source by the policies.
func onHost(t testing.TB, host Host, source string, docs ...string) *Decision {
	t.Helper()
	sub := subject(newSpec(withMount(bind("/x", source, "rbind", "rprivate", "rw"))))
	sub.Host = host
	return compileDocs(t, docs...).Evaluate(sub, Complete)
}

// TestHostPathsStray has an allowed path that is, or leads through, a link where
// containers may write: what they can write they can link.
func TestHostPathsStray(t *testing.T) {
	links := map[string]string{
		"/srv/logs": "/secret", "/srv/way": "/srv/on", "/srv/on": "/secret", "/data": "/disk/data", "/disk/data/l": "/secret", "/var/run": "/run",
		"/run/app/sock": "/", "/opt/way": "/srv/logs", "/var/lib/kubelet/pods/4444/volumes/kubernetes.io~empty-dir/x/l": "/secret",
		"/opt/kubelet": "/var/lib/kubelet/pods/4444/volumes/kubernetes.io~empty-dir/x/l",
	}
	for _, tt := range []struct {
		name, allowed, source string
		want                  string // "" where it is allowed
	}{
		{"link in a writable path", "{path: /srv}, {path: /srv/logs}", "/secret", "the allowed path /srv/logs leads through the link /srv/logs in /srv, where containers may write"},
		{"below the link", "{path: /srv}, {path: /srv/logs/a}", "/secret/a", "the allowed path /srv/logs/a leads through the link /srv/logs in /srv, where containers may write"},
		{"the order of the list does not matter", "{path: /srv/logs}, {path: /srv}", "/secret", "the allowed path /srv/logs leads through the link /srv/logs in /srv, where containers may write"},
		{"link in a read-only path", "{path: /srv, readOnly: true}, {path: /srv/logs}", "/secret", ""},
		{"link alone", "{path: /srv/logs}", "/secret", ""},
		{"link to a link in a writable path", "{path: /srv}, {path: /opt/way}", "/secret", "the allowed path /opt/way leads through the link /srv/logs in /srv, where containers may write"},
		{"no link", "{path: /srv}, {path: /srv/other}", "/srv/other/x", ""},
		{"both behind a link of the host", "{path: /data}, {path: /data/logs}", "/disk/data/logs/x", ""},
		{"a link behind a link of the host", "{path: /data}, {path: /data/l}", "/secret", "the allowed path /data/l leads through the link /disk/data/l in /disk/data, where containers may write"},
		{"by another name", "{path: /disk/data}, {path: /data/l}", "/secret", "the allowed path /data/l leads through the link /disk/data/l in /disk/data, where containers may write"},
		{"the writable path is a link", "{path: /data}", "/disk/data/x", ""},
		{"another one covers it", "{path: /srv}, {path: /srv/logs}, {path: /secret/own}", "/secret/own/x", ""},
		{"in the kubelet's folder of pods", "{path: /opt/kubelet}", "/secret", "the allowed path /opt/kubelet leads through the link /var/lib/kubelet/pods/4444/volumes/kubernetes.io~empty-dir/x/l in /var/lib/kubelet/pods, where containers may write"},
		// The attack: /run/app is writable, and /run/app/sock became a link to /.
		{"the host's root", "{path: /run/app}, {path: /var/run/app/sock}", "/", "the allowed path /var/run/app/sock leads through the link /run/app/sock in /run/app, where containers may write"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var found []string
			if tt.want != "" {
				found = []string{tt.want}
			}
			d := onHost(t, fakeHost{links: links}, tt.source, allowing("test", tt.allowed))
			got := findings(d)
			if len(got) != len(found) || len(got) == 1 && !strings.Contains(got[0], "is not allowed: "+tt.want+" (allowed: ") {
				t.Errorf("%s: %q, want %q", d.Outcome(), got, tt.want)
			}
		})
	}
}

// TestHostPathsStrayOfOthers: the writable path is another policy's, for other
// containers, in any mode, whatever becomes of what breaks it.
func TestHostPathsStrayOfOthers(t *testing.T) {
	host := fakeHost{links: map[string]string{"/run/app/sock": "/"}}
	mine := in("team-a", allowing("apps", "{path: /run/app/sock, readOnly: true}"))
	read := "hostPaths: {onViolation: %s, allowed: [{path: /run/app%s}]}"
	for name, tt := range map[string]struct {
		other string
		stray bool
	}{
		"writable":      {in("agent", policyDoc("agent", fmt.Sprintf(read, "reject", ""))), true},
		"in mode audit": {in("agent", policyDoc("agent", fmt.Sprintf(read, "reject", "")), "mode: audit"), true},
		"audited":       {in("agent", policyDoc("agent", fmt.Sprintf(read, "audit", ""))), true},
		"adjusted":      {in("agent", policyDoc("agent", fmt.Sprintf(read, "adjust", ""))), true},
		"of a selector": {strings.Replace(policyDoc("agent", fmt.Sprintf(read, "reject", "")), "spec:\n", "spec:\n  match: {images: [\"registry.example.com/agent\"]}\n", 1), true},
		"read-only":     {in("agent", policyDoc("agent", fmt.Sprintf(read, "reject", ", readOnly: true"))), false},
		"beside":        {in("agent", allowing("agent", "{path: /run/apps}")), false},
		"the very path": {in("agent", allowing("agent", "{path: /run/app/sock}")), true}, // it leads to what holds it
		"above":         {in("agent", allowing("agent", "{path: /}")), true},
	} {
		for _, order := range [][]string{{mine, tt.other}, {tt.other, mine}} {
			d := onHost(t, host, "/", order...)
			got := strings.Contains(strings.Join(findings(d), ""), "the allowed path /run/app/sock leads through the link /run/app/sock in ")
			if got != tt.stray || d.Outcome() != Denied { // it is not mounted read-only, either
				t.Errorf("%s: %s %q", name, d.Outcome(), findings(d))
			}
		}
	}
}

// TestHostPathsFlip: a container makes a folder in its volume a link to the
// host's root and back, while another one mounts it as a hostPath.
func TestHostPathsFlip(t *testing.T) {
	const folder = "/var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~empty-dir/x/d"
	for name, tt := range map[string]struct{ links map[string]string }{
		"a folder": {map[string]string{}}, "a link": {map[string]string{folder: "/"}}, "a link to another volume": {map[string]string{folder: "/var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~secret/s"}},
	} {
		for _, rule := range []string{"{}", "{allowed: [{path: /srv}]}"} {
			d := onHost(t, fakeHost{links: tt.links}, folder, policyDoc("test", "hostPaths: "+rule))
			if got := findings(d); d.Outcome() != Denied || len(got) != 1 || !strings.HasPrefix(got[0], "hostPaths: host path "+folder+" (") {
				t.Errorf("%s: %s %q", name, d.Outcome(), got)
			}
		}
		types := compileDocs(t, policyDoc("test", "volumeTypes: {allowed: [emptyDir, secret]}"))
		sub := subject(newSpec(withMount(bind("/x", folder))))
		sub.Spec.Mounts = sub.Spec.Mounts[len(sub.Spec.Mounts)-1:]
		sub.Host = fakeHost{links: tt.links}
		if d := types.Evaluate(sub, Complete); d.Outcome() != Denied {
			t.Errorf("%s is a volume of the pod", name)
		}
	}
}

// TestHostPathsUnverified: where what gets mounted cannot be compared, no path
// is mounted in whose place a container can put another one.
func TestHostPathsUnverified(t *testing.T) {
	links := map[string]string{"/srv/l": "/opt/x", "/opt/l": "/srv", "/opt/in": "/srv/a", "/var/run": "/run"}
	const why = "the runtime's hook does not run here"
	for _, tt := range []struct {
		source string
		want   string // "" where it is allowed; else what lies where
	}{
		{"/srv", ""},
		{"/srv/a", "/srv/a is in /srv"},
		{"/srv/a/b", "/srv/a/b is in /srv"},
		{"/srv/l", "/srv/l is in /srv"},
		{"/opt/l", ""},
		{"/opt/in", "/srv/a is in /srv"},
		{"/opt/x", ""},
		{"/opt/y/z", ""},
		{"/logs/x/y", "/logs/x/y is in /logs/x"}, // writable by another policy
		{"/logs/x", ""},
		{"/logs", ""},
		{"/run/app", ""},
		{"/var/run/app", ""},
		{"/var/lib/kubelet/pods/x", "/var/lib/kubelet/pods/x is in /var/lib/kubelet/pods"},
	} {
		docs := []string{
			allowing("test", "{path: /srv}", "{path: /opt, readOnly: true}", "{path: /logs, readOnly: true}", "{path: /run/app}", "{path: /var/lib/kubelet/pods, readOnly: true}"),
			in("other", allowing("other", "{path: /logs/x}")),
		}
		for _, unverified := range []string{"", why} {
			sub := subject(newSpec(withMount(bind("/x", tt.source, "rbind", "rprivate", "ro"))))
			sub.Host, sub.MountsUnverified = fakeHost{links: links}, unverified
			want := ""
			if unverified != "" && tt.want != "" {
				want = " is not allowed: " + tt.want + ", where containers may write: they could replace it before it is mounted, and the agent cannot compare what is mounted: " + why + " (allowed: "
			}
			d := compileDocs(t, docs...).Evaluate(sub, Complete)
			got := findings(d)
			if (len(got) == 0) != (want == "") || len(got) > 0 && !strings.Contains(got[0], want) {
				t.Errorf("%s, %q: %q, want %q", tt.source, unverified, got, want)
			}
			adjusting := strings.ReplaceAll(docs[0], "hostPaths: {", "hostPaths: {onViolation: adjust, remove: writable, ")
			d = compileDocs(t, adjusting, docs[1]).Evaluate(sub, Complete)
			if removed := len(d.Spec.Mounts) < len(sub.Spec.Mounts); removed != (want != "") || d.Outcome() == Denied {
				t.Errorf("%s, %q, adjusted: %s %q", tt.source, unverified, d.Outcome(), changes(d))
			}
		}
	}
}

func TestNestedPaths(t *testing.T) {
	set := compileDocs(t,
		allowing("a", "{path: /srv}", "{path: /srv/a, readOnly: true}", "{path: /srv/a/b}", "{path: /logs, readOnly: true}", "{path: /logs/x}", "{path: /srvs}"),
		in("other", allowing("b", "{path: /srv/a/b/c}", "{path: /opt}"), "mode: audit"), policyDoc("c", "hostNamespaces: {}"))
	want := []string{
		`policy "a" allows the host path /srv/a, which is in /srv, where policy "a" lets containers write`,
		`policy "a" allows the host path /srv/a/b, which is in /srv, where policy "a" lets containers write`,
		`policy "b" allows the host path /srv/a/b/c, which is in /srv/a/b, where policy "a" lets containers write`,
	}
	got := slices.DeleteFunc(set.Warnings(), func(w Warning) bool { return strings.Contains(w.Msg, "kube-system") })
	if len(got) != len(want) {
		t.Fatalf("%q", got)
	}
	for i, w := range got {
		if !strings.Contains(w.Msg, want[i]) {
			t.Errorf("%q, want %q", w.Msg, want[i])
		}
	}
}
