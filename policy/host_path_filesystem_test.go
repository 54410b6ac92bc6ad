package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// TestOtherFilesystems: what a mount shows that is no bind mount does not lie at
// its source, be that the pod's own volume.
func TestOtherFilesystems(t *testing.T) {
	const own = "/var/lib/kubelet/pods/3f2a/volumes/kubernetes.io~empty-dir/cache"
	for _, m := range []specs.Mount{
		{Destination: "/x", Type: "overlay", Source: own, Options: []string{"lowerdir=/etc:/srv"}},
		{Destination: "/x", Type: "overlay", Source: own, Options: []string{"lowerdir=/etc", "upperdir=/srv", "workdir=/tmp"}},
		{Destination: "/x", Type: "debugfs", Source: own},
		{Destination: "/x", Type: "ext4", Source: own, Options: []string{"ro"}},
		{Destination: "/etc/hosts", Type: "nfs", Source: "/var/lib/kubelet/pods/3f2a/etc-hosts"},
		{Destination: "/x", Type: "rbind", Source: own},
	} {
		rules := []string{"hostPaths: {allowed: [{path: /}]}", "volumeTypes: {allowed: [emptyDir]}"}
		got := strings.Join(findings(decide(t, newSpec(withMount(m)), rules...)), "\n")
		for _, want := range []string{"it mounts a file system other than that of its source", "volume of unknown type at " + m.Destination} {
			if !strings.Contains(got, want) {
				t.Errorf("%s at %s: %q", m.Type, m.Destination, got)
			}
		}
		d := decide(t, newSpec(withMount(m)), "hostPaths: {onViolation: adjust, remove: writable}")
		if d.Outcome() != Adjusted || slices.ContainsFunc(d.Spec.Mounts, func(o specs.Mount) bool { return o.Type == m.Type && o.Source == m.Source }) {
			t.Errorf("%s at %s: %s, %v", m.Type, m.Destination, d.Outcome(), d.Spec.Mounts)
		}
	}
	for _, m := range []specs.Mount{
		{Destination: "/x", Type: "none", Source: own, Options: []string{"bind"}},
		{Destination: "/x", Type: "overlay", Source: own, Options: []string{"rbind"}},
	} {
		if got := findings(decide(t, newSpec(withMount(m)), "hostPaths: {}")); got != nil {
			t.Errorf("%v: %q", m, got)
		}
	}
}
