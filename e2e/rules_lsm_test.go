package e2e_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/lab"
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

// eachKernel is onFakeKernel, unless this kernel itself enforces what the rule is
// about. The rows' names tell which it was.
func eachKernel(t *testing.T, enforces bool, files map[string]string, r rule) {
	if !enforces {
		t.Run("enabled", func(t *testing.T) { onFakeKernel(t, files, r) })
		return
	}
	t.Run("enforced", func(t *testing.T) {
		eachNode(t, func(t *testing.T, n *node.Node) {
			startRig(t, n, rigOptions{policies: r.policies()}).test(t, r)
		})
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
		for _, pid := range []string{"1", "self"} {
			out, err := c.Exec(t.Context(), "cat", "/proc/"+pid+"/attr/current")
			if err != nil || !strings.HasPrefix(out, want) {
				t.Errorf("process %s: %q, %v, want %s", pid, out, err, want)
			}
		}
	}
}

func TestRuleAppArmorProfile(t *testing.T) {
	options := []cri.ContainerOption{cri.UnconfinedAppArmor(), cri.Capabilities([]string{"SYS_ADMIN"}, nil)}
	mount, write := "mkdir -p /m && mount -t tmpfs tmpfs /m && umount /m", "mkdir -p /protected && echo x >/protected/probe"
	if !hasAppArmor {
		mount, write = "true", "true"
	} else {
		loadProfile(t, "web-1", fmt.Sprintf(crioProfile, "web-1", ""))
		loadDefault(t)
	}
	eachKernel(t, hasAppArmor, map[string]string{
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
				notStarted: !hasAppArmor,
				check:      labelled("apparmorProfile", "cri-containerd.apparmor.d", hasAppArmor),
				stops:      []string{mount}, works: []string{write}, // if it starts
			},
			{
				container: container{name: "localhost", config: `allowed: [RuntimeDefault, "Localhost/web-*"]`,
					apply: `allowed: [RuntimeDefault, "Localhost/web-*"], apply: Localhost/web-1`, options: options},
				found:      []string{"AppArmor profile Unconfined not allowed (allowed: RuntimeDefault, Localhost/web-*)"},
				changes:    []string{"process.apparmorProfile"},
				notStarted: !hasAppArmor,
				check:      labelled("apparmorProfile", "web-1", hasAppArmor),
				stops:      []string{write}, works: []string{mount},
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

// loadDefault has the kernel know containerd's default profile.
func loadDefault(t *testing.T) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), agentBinary(t), "apparmor").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// hasSELinux tells whether this kernel itself enforces what the tests pretend.
var hasSELinux = exists("/sys/fs/selinux/enforce")

// eachLabelling is eachNode on a kernel with SELinux, of nodes that label
// containers. (CRI-O does not label those that ask for spc_t: see TestCRIOSELinux.)
func eachLabelling(t *testing.T, r rule) {
	run := func(name string, release build.Release, table string, change func(*node.Options)) {
		t.Run(name, func(t *testing.T) {
			n := lab.Private(t, release, func(o *node.Options) {
				change(o)
				o.Extra = "[" + table + "]\nenable_selinux = true\n"
			})
			startRig(t, n, rigOptions{policies: r.policies()}).test(t, r)
		})
	}
	run(build.Containerd2.String(), build.Containerd2, node.CRIRuntime2, func(*node.Options) {})
	run(build.Containerd1.String(), build.Containerd1, node.CRIRuntime1, func(*node.Options) {})
	run(build.Containerd2.String()+" wrapped", build.Containerd2, node.CRIRuntime2, lab.Wrap(t, agent.Wrapping{}))
}

func seLinuxEnforced(t *testing.T) {
	dir := t.TempDir()
	ask := func(level string) []cri.ContainerOption {
		return []cri.ContainerOption{cri.SELinux(&api.SELinuxOption{Type: "spc_t", Level: level}), cri.HostPath(dir, "/volume", false)}
	}
	volume, files := []string{"echo x >/volume/probe"}, []string{"echo x >/probe", "echo x >/dev/shm/probe", "cat /etc/hostname"}
	const cannot = ", and cannot be replaced: the container runtime has labelled the container's files with it (allowed: s0:c1,c2)"
	eachLabelling(t, rule{
		name: "seLinuxOptions",
		breaking: []breach{
			{
				container: container{name: "type", config: "allowedTypes: [container_t]", apply: "type: container_t", options: ask("s0:c11,c12")},
				found:     []string{`SELinux type "spc_t" not allowed (allowed: container_t)`},
				changes:   []string{"process.selinuxLabel"},
				check:     labelled("selinuxLabel", "system_u:system_r:container_t:s0:c11,c12", true),
				stops:     volume, works: files,
			},
			{
				container: container{name: "level", config: `level: "s0:c1,c2"`, options: ask("s0:c3,c4")},
				found:     []string{`SELinux level "s0:c3,c4" not allowed (allowed: s0:c1,c2)`},
				stuck:     []string{`SELinux level "s0:c3,c4" not allowed` + cannot},
			},
		},
		compliant: []container{{name: "complies", config: "allowedTypes: [spc_t]", apply: "allowedTypes: [spc_t, container_t], type: container_t",
			options: ask("s0:c1,c2")}},
	})
}

// TestRuleSELinuxOptions has runtimes that label nothing where the kernel has no
// SELinux, so nothing can be adjusted there.
func TestRuleSELinuxOptions(t *testing.T) {
	if hasSELinux {
		t.Run("enforced", seLinuxEnforced)
		return
	}
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
