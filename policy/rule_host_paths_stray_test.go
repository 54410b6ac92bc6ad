package policy

import "testing"

// TestHostPathsStray has an allowed path that is a link in another allowed
// path: what containers can write they can link.
func TestHostPathsStray(t *testing.T) {
	host := fakeHost{links: map[string]string{"/srv/logs": "/secret", "/data": "/disk/data"}}
	for _, tt := range []struct {
		name, allowed, source string
		want                  Outcome
	}{
		{"link in a writable path", "{path: /srv}, {path: /srv/logs}", "/secret", Denied},
		{"link in a read-only path", "{path: /srv, readOnly: true}, {path: /srv/logs}", "/secret", Allowed},
		{"link alone", "{path: /srv/logs}", "/secret", Allowed},
		{"no link", "{path: /srv}, {path: /srv/other}", "/srv/other/x", Allowed},
		{"both behind a link", "{path: /data}, {path: /data/logs}", "/disk/data/logs/x", Allowed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := compileDocs(t, policyDoc("test", "hostPaths: {allowed: ["+tt.allowed+"]}"))
			spec := newSpec()
			spec.Mounts = append(spec.Mounts, bind("/x", tt.source, "rbind", "rprivate", "rw"))
			sub := subject(spec)
			sub.Host = host
			if d := set.Evaluate(sub, Final); d.Outcome() != tt.want {
				t.Errorf("%s: %q", d.Outcome(), findings(d))
			}
		})
	}
}
