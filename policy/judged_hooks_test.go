package policy

import (
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// TestJudgedHooks: hooks may mount more, unless the OCI runtime mounts paths of
// the container over themselves; file systems of the kernel are told by type.
func TestJudgedHooks(t *testing.T) {
	for _, tt := range []struct {
		name     string
		hooks    bool
		readOnly []string
		want     bool
	}{
		{"none", false, nil, false},
		{"hooks", true, nil, true},
		{"hooks, and what a kubelet protects", true, []string{"/proc/sys", "/proc/sysrq-trigger", "/sys/firmware"}, true},
		{"hooks, and a path of the container", true, []string{"/proc/sys", "/data/x"}, false},
		{"hooks, and a path by way of /proc", true, []string{"/proc/self/root/data/x"}, false},
		{"hooks, and a path that climbs", true, []string{"/proc/../x"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := newSpec(withMount(bind("/x", "/srv", "rbind", "rprivate", "rw")))
			spec.Mounts = append(spec.Mounts, specs.Mount{Destination: "/sys", Type: "sysfs", Options: []string{"nosuid", "ro"}})
			spec.Linux.ReadonlyPaths = tt.readOnly
			if tt.hooks {
				spec.Hooks = &specs.Hooks{CreateRuntime: []specs.Hook{{Path: "/opt/gpu"}}}
			}
			d := compileDocs(t, allowing("p", "{path: /srv}")).Evaluate(subject(spec), Complete)
			if d.Mounts == nil || d.Mounts.Hooks != tt.want || !slices.Contains(d.Mounts.Kernel, JudgedKernel{Destination: "/sys", Type: "sysfs", ReadOnly: true}) {
				t.Errorf("%v: %+v", d.Violations, d.Mounts)
			}
		})
	}
}
