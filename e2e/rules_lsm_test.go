package e2e_test

import (
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

// hasAppArmor tells whether this kernel itself enforces what the tests pretend.
var hasAppArmor = exists("/sys/kernel/security/apparmor/profiles")

// onFakeKernel tests a rule on a node whose files, as the agent sees them, say
// what the kernel has.
func onFakeKernel(t *testing.T, files map[string]string, r rule) {
	root := t.TempDir()
	for name, content := range files {
		writeFile(t, root, name, content)
	}
	eachNode(t, func(t *testing.T, n *node.Node) {
		startRig(t, n, rigOptions{policies: r.policies(), root: root}).test(t, r)
	})
}

// labelled checks a member of process in the stored spec, and on a kernel that
// enforces it also what it says of the main process and of exec.
func labelled(member, want string, enforced bool) func(t *testing.T, c running) {
	return func(t *testing.T, c running) {
		t.Helper()
		if got := c.spec.at("process." + member); got != want {
			t.Errorf("the stored spec has %s %v, want %s", member, got, want)
		}
		if !enforced {
			t.Logf("this kernel does not enforce %s: only the stored spec is checked", want)
			return
		}
		if err := c.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, pid := range []string{"1", "self"} {
			out, err := c.Exec(t.Context(), "cat", "/proc/"+pid+"/attr/current")
			if err != nil || !strings.HasPrefix(out, want) {
				t.Errorf("process %s: %q, %v, want %s", pid, out, err, want)
			}
		}
	}
}

func TestRuleAppArmorProfile(t *testing.T) {
	options := []cri.ContainerOption{cri.UnconfinedAppArmor()}
	t.Run("enabled", func(t *testing.T) {
		onFakeKernel(t, map[string]string{
			"sys/module/apparmor/parameters/enabled": "Y\n",
			"sys/kernel/security/apparmor/profiles":  "cri-containerd.apparmor.d (enforce)\nweb-1 (enforce)\n",
			"sys/kernel/security/apparmor/revision":  "1\n",
		}, rule{
			name: "appArmorProfile",
			breaking: []breach{
				{
					container:  container{name: "default", config: "allowed: [RuntimeDefault]", apply: "apply: RuntimeDefault", options: options},
					found:      []string{"AppArmor profile Unconfined not allowed (allowed: RuntimeDefault)"},
					changes:    []string{"process.apparmorProfile"},
					notStarted: true,
					check:      labelled("apparmorProfile", "cri-containerd.apparmor.d", hasAppArmor),
				},
				{
					container: container{name: "localhost", config: `allowed: [RuntimeDefault, "Localhost/web-*"]`,
						apply: `allowed: [RuntimeDefault, "Localhost/web-*"], apply: Localhost/web-1`, options: options},
					found:      []string{"AppArmor profile Unconfined not allowed (allowed: RuntimeDefault, Localhost/web-*)"},
					changes:    []string{"process.apparmorProfile"},
					notStarted: true,
					check:      labelled("apparmorProfile", "web-1", false), // not really loaded
				},
				{
					container: container{name: "missing", config: "allowed: [Localhost/web-2]", apply: "apply: Localhost/web-2", options: options},
					found:     []string{"AppArmor profile Unconfined not allowed (allowed: Localhost/web-2)"},
					stuck: []string{"AppArmor profile Unconfined not allowed (allowed: Localhost/web-2)",
						`AppArmor profile "web-2", which the policy applies, is not loaded on this node`},
				},
			},
			compliant: []container{{name: "unconfined-allowed", config: "allowed: [Unconfined]",
				apply: "allowed: [Unconfined, RuntimeDefault], apply: RuntimeDefault", options: options}},
		})
	})
	// As after a boot, before a container has asked for the default.
	t.Run("default not loaded", func(t *testing.T) {
		onFakeKernel(t, map[string]string{
			"sys/module/apparmor/parameters/enabled": "Y\n",
			"sys/kernel/security/apparmor/profiles":  "web-1 (enforce)\n",
			"sys/kernel/security/apparmor/revision":  "1\n",
		}, rule{
			name: "appArmorProfile",
			breaking: []breach{{
				container: container{name: "default", config: "allowed: [RuntimeDefault]", apply: "apply: RuntimeDefault", options: options},
				found:     []string{"AppArmor profile Unconfined not allowed (allowed: RuntimeDefault)"},
				stuck: []string{"AppArmor profile Unconfined not allowed (allowed: RuntimeDefault)",
					`AppArmor profile "cri-containerd.apparmor.d", which the policy applies, is not loaded on this node ("specguard apparmor" loads it there)`},
			}},
		})
	})
	t.Run("disabled", func(t *testing.T) {
		onFakeKernel(t, map[string]string{"sys/module/apparmor/parameters/enabled": "N\n"}, rule{
			name: "appArmorProfile",
			breaking: []breach{{
				container: container{name: "required", config: "required: true", apply: "required: true, apply: RuntimeDefault", options: options},
				found:     []string{"the node's kernel has no AppArmor"},
			}},
			compliant: []container{{name: "default", config: "allowed: [RuntimeDefault]", apply: "apply: RuntimeDefault", options: options}},
		})
	})
}

// TestRuleSELinuxOptions has runtimes that label nothing, so nothing can be adjusted:
// e2e/vm has those that do.
func TestRuleSELinuxOptions(t *testing.T) {
	t.Run("enabled", func(t *testing.T) {
		onFakeKernel(t, map[string]string{"sys/fs/selinux/enforce": "1"}, rule{
			name: "seLinuxOptions",
			breaking: []breach{
				{
					container: container{name: "type", config: "allowedTypes: [container_t]", apply: "type: container_t"},
					found:     []string{"the process has no SELinux label (allowed: type container_t)"},
					stuck:     []string{"the process has no SELinux label, and cannot get one: the container runtime has given its files none (allowed: type container_t)"},
				},
				{
					container: container{name: "level", config: `type: container_t, level: "s0:c1,c2"`},
					found:     []string{"the process has no SELinux label (allowed: type container_t)"},
					stuck:     []string{"the process has no SELinux label, and cannot get one: the container runtime has given its files none (allowed: type container_t)"},
				},
				{
					container: container{name: "no-type", config: "user: system_u"},
					found:     []string{"the process has no SELinux label (allowed: user system_u)"},
				},
			},
			compliant: []container{{name: "unlabelled-allowed", config: `allowedTypes: ["", container_t]`,
				apply: `allowedTypes: ["", container_t], type: container_t`}},
		})
	})
	t.Run("disabled", func(t *testing.T) {
		onFakeKernel(t, map[string]string{"proc/filesystems": "nodev\tsysfs\n\text4\n"}, rule{
			name: "seLinuxOptions",
			breaking: []breach{{
				container: container{name: "required", config: "required: true", apply: "required: true, type: container_t"},
				found:     []string{"the node's kernel has no SELinux"},
			}},
			compliant: []container{{name: "unlabelled", config: "type: container_t"}},
		})
	})
}
