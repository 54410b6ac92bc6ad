package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// TestAdjustingNames: what two policies make of a container does not depend on which of them
// adjusts first, by their names.
func TestAdjustingNames(t *testing.T) {
	user := func(s *specs.Spec) string {
		u := s.Process.User
		return fmt.Sprintf("%d:%d %v %v", u.UID, u.GID, u.AdditionalGids, slices.Contains(s.Process.Env, "HOME=/a"))
	}
	memory := func(s *specs.Spec) string {
		m := s.Linux.Resources.Memory
		if m.Swap == nil {
			return fmt.Sprint(*m.Limit >> 20)
		}
		return fmt.Sprint(*m.Limit>>20, " ", *m.Swap>>20)
	}
	appArmor := func(s *specs.Spec) string { return s.Process.ApparmorProfile }
	label := func(s *specs.Spec) string { return s.Process.SelinuxLabel + " " + s.Linux.MountLabel }
	mounts := func(s *specs.Spec) string {
		var out []string
		for _, m := range s.Mounts {
			if strings.HasPrefix(m.Destination, "/data") {
				out = append(out, m.Destination+" "+strings.Join(m.Options, ","))
			}
		}
		return "mounts:" + strings.Join(out, " ")
	}
	seccomp := func(s *specs.Spec) string {
		return fmt.Sprintf("%s %d", s.Linux.Seccomp.DefaultAction, len(s.Linux.Seccomp.Syscalls))
	}
	root := withUser(0, 0, 0, 5)
	log := withMounts(specs.Mount{Destination: "/data", Type: "bind", Source: "/var/log", Options: []string{"rbind", "rprivate"}})
	nested := withMounts(specs.Mount{Destination: "/data", Type: "bind", Source: "/srv", Options: []string{"rbind", "rprivate"}},
		specs.Mount{Destination: "/data/log", Type: "bind", Source: "/var/log", Options: []string{"rbind", "rprivate"}})
	spc := withSELinux("system_u:system_r:spc_t:s0", "system_u:object_r:container_file_t:s0")
	for name, c := range map[string]struct {
		one, other string
		opts       []option
		shown      func(*specs.Spec) string
		want       string
	}{
		"memory, then swap": {
			"resources: {onViolation: adjust, memory: {default: 2Gi}}", "resources: {onViolation: adjust, swap: {max: 0}}",
			nil, memory, "2048 2048",
		},
		"the swap of the lower memory": {
			"resources: {onViolation: adjust, memory: {max: 1Gi}}", "resources: {onViolation: adjust, memory: {max: 64Mi}, swap: {max: 8Mi}}",
			nil, memory, "64 72",
		},
		"the lower default": {
			"resources: {onViolation: adjust, memory: {default: 2Gi}}", "resources: {onViolation: adjust, memory: {default: 1Gi, max: 4Gi}}",
			nil, memory, "1024",
		},
		"a default, not above what another one allows": {
			"resources: {onViolation: adjust, memory: {default: 2Gi}}", "resources: {memory: {max: 512Mi}}", nil, memory, "512",
		},
		"root, then a range": {
			"runAsNonRoot: {onViolation: adjust}",
			"runAsNonRoot: {onViolation: adjust, adjustOnlyRoot: true, runAsUser: 1500, allowedUsers: [{min: 1000, max: 2000}]}",
			[]option{root}, user, "1500:65532 [5] false",
		},
		"the lower user, with its home": {
			"runAsNonRoot: {onViolation: adjust, runAsUser: 2000, runAsGroup: 7, home: /b}",
			"runAsNonRoot: {onViolation: adjust, runAsUser: 1000, home: /a}",
			[]option{root}, user, "1000:7 [5] true",
		},
		"a group that one does not keep": {
			"runAsNonRoot: {onViolation: adjust, keepRootGroup: true}", "runAsNonRoot: {onViolation: adjust}",
			[]option{root}, user, "65532:65532 [5] false",
		},
		"a group that both keep": {
			"runAsNonRoot: {onViolation: adjust, keepRootGroup: true}", "runAsNonRoot: {onViolation: adjust, keepRootGroup: true, runAsUser: 9}",
			[]option{root}, user, "9:0 [0 5] false",
		},
		"no user for both": {
			"runAsNonRoot: {onViolation: adjust, runAsUser: 5, allowedUsers: [{min: 5, max: 5}]}",
			"runAsNonRoot: {onViolation: adjust, runAsUser: 6, allowedUsers: [{min: 6, max: 6}]}", []option{root}, user, "",
		},
		"the AppArmor profile that both allow": {
			"appArmorProfile: {onViolation: adjust, apply: Localhost/web, allowed: [Localhost/web]}",
			"appArmorProfile: {onViolation: adjust, apply: RuntimeDefault, allowed: ['Localhost/**', RuntimeDefault]}",
			[]option{withAppArmor("")}, appArmor, "web",
		},
		"the first of two AppArmor profiles": {
			"appArmorProfile: {onViolation: adjust, apply: Localhost/zoo, allowed: ['Localhost/**']}",
			"appArmorProfile: {onViolation: adjust, apply: Localhost/web, allowed: ['Localhost/**']}",
			[]option{withAppArmor("")}, appArmor, "web",
		},
		"the AppArmor profile of who wants one": {
			"appArmorProfile: {onViolation: adjust, apply: Localhost/zoo, allowed: ['Localhost/zoo']}",
			"appArmorProfile: {onViolation: adjust, apply: Localhost/web, allowed: [Unconfined, 'Localhost/**']}",
			[]option{withAppArmor("")}, appArmor, "zoo",
		},
		"an SELinux level and a type": {
			"seLinuxOptions: {onViolation: adjust, level: 's0:c1,c2'}", "seLinuxOptions: {onViolation: adjust, type: container_t}",
			[]option{spc}, label, "system_u:system_r:container_t:s0:c1,c2 system_u:object_r:container_file_t:s0:c1,c2",
		},
		"the SELinux level that both allow": {
			"seLinuxOptions: {onViolation: adjust, level: 's0:c1', allowedLevels: ['s0:c*']}",
			"seLinuxOptions: {onViolation: adjust, level: 's0:c2'}",
			[]option{spc}, label, "system_u:system_r:spc_t:s0:c2 system_u:object_r:container_file_t:s0:c2",
		},
		"the seccomp profile that both allow": {
			"seccompProfile: {onViolation: adjust, apply: Localhost/web.json, allowed: [Localhost/web.json, RuntimeDefault]}",
			"seccompProfile: {onViolation: adjust, apply: Localhost/web.json, allowed: [Localhost/web.json]}",
			[]option{withSeccomp(nil)}, seccomp, "SCMP_ACT_ERRNO 1",
		},
		"RuntimeDefault, and a file within it": {
			"seccompProfile: {onViolation: adjust, allowed: [RuntimeDefault]}",
			"seccompProfile: {onViolation: adjust, apply: Localhost/least.json, allowed: [Localhost/least.json]}",
			[]option{withSeccomp(nil)}, seccomp, "SCMP_ACT_ERRNO 1",
		},
		"RuntimeDefault, and a file that lets more through": {
			"seccompProfile: {onViolation: adjust, allowed: [RuntimeDefault]}",
			"seccompProfile: {onViolation: adjust, apply: Localhost/web.json, allowed: [Localhost/web.json]}",
			[]option{withSeccomp(nil)}, seccomp, "",
		},
		"a seccomp file that cannot be read": {
			"seccompProfile: {onViolation: adjust, apply: Localhost/none.json}", "seccompProfile: {onViolation: adjust, apply: Localhost/web.json}",
			[]option{withSeccomp(nil)}, seccomp, "SCMP_ACT_ERRNO 1",
		},
		"two seccomp files, one within the other": {
			"seccompProfile: {onViolation: adjust, apply: Localhost/web.json, allowed: [Localhost/web.json]}",
			"seccompProfile: {onViolation: adjust, apply: Localhost/least.json, allowed: [Localhost/least.json]}",
			[]option{withSeccomp(nil)}, seccomp, "SCMP_ACT_ERRNO 1",
		},
		"removed, not read-only": {
			"hostPaths: {onViolation: adjust, allowed: [{path: /var/log, readOnly: true}]}", "hostPaths: {onViolation: adjust, remove: writable}",
			[]option{log}, mounts, "mounts:",
		},
		"removed, though it would be allowed if it were read-only": {
			"hostPaths: {onViolation: adjust, allowed: [{path: /var, readOnly: true}]}",
			"hostPaths: {onViolation: adjust, remove: writable, allowed: [{path: /}]}", []option{withMounts(specs.Mount{Destination: "/data", Type: "bind", Source: "/var/log/pods", Options: []string{"rbind"}})}, mounts, "mounts:",
		},
		"the outer and the inner mount": {
			"hostPaths: {onViolation: adjust, remove: writable, allowed: [{path: /var/log}]}",
			"hostPaths: {onViolation: adjust, remove: writable, allowed: [{path: /srv}]}",
			[]option{nested}, mounts, "mounts:",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, names := range [][2]string{{"a", "b"}, {"b", "a"}} {
				sub := subject(newSpec(c.opts...))
				files := seccompFiles()
				files["least.json"] = `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}`
				sub.Host = fakeHost{seccomp: files, selinux: Enabled,
					apparmor: AppArmor{State: Enabled, Profiles: map[string]bool{"cri-containerd.apparmor.d": true, "web": true, "zoo": true}}}
				d := compileDocs(t, policyDoc(names[0], c.one), policyDoc(names[1], c.other)).Evaluate(sub, Complete)
				got := ""
				if d.Outcome() != Denied {
					got = c.shown(d.Spec)
				} else if c.want != "" {
					t.Error(d.Message())
				}
				if got != c.want {
					t.Errorf("%v: %s %q, want %q: %s", names, d.Outcome(), got, c.want, d.Message())
				}
			}
		})
	}
}
