package e2e_test

import (
	"testing"

	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

// openDevice opens a device that no container has by default, /dev/kmsg, by a
// file made for it.
const openDevice = "mknod /k c 1 11 || exit 1; dd if=/k of=/dev/null count=0; r=$?; rm /k; exit $r"

func TestRulePrivileged(t *testing.T) {
	testRule(t, func(_ *testing.T, n *node.Node) rule {
		return rule{
			name: "privileged",
			breaking: []breach{
				{
					container: container{name: "privileged", pod: []cri.PodOption{cri.PrivilegedPod()}, options: []cri.ContainerOption{cri.Privileged()}},
					found: []string{"privileged container: access to every device, capabilities SYS_ADMIN, SYS_MODULE and SYS_RAWIO, " +
						"/sys is writable, /sys/fs/cgroup is writable, no masked paths, no seccomp profile"},
					changes: []string{"process.capabilities", "mounts", "linux.devices", "linux.resources",
						"linux.maskedPaths", "linux.readonlyPaths", "linux.seccomp"},
					truth: func(w *cri.Truth) {
						w.Permitted, w.Effective, w.Bounding, w.Seccomp = containerdCaps, containerdCaps, containerdCaps, 2
						w.Inheritable, w.Ambient = w.Inheritable&containerdCaps, w.Ambient&containerdCaps // CRI-O gives them
					},
					stops: []string{
						"test -e /dev/kmsg", openDevice, "mount -t tmpfs tmpfs /tmp && umount /tmp",
						openForWriting("/proc/sys/kernel/core_pattern"), openForWriting("/sys/kernel/rcu_expedited"),
						openForWriting("/sys/fs/cgroup/memory/memory.limit_in_bytes") + " || " + openForWriting("/sys/fs/cgroup/memory.max"),
					},
					works: []string{"echo x >/dev/null && head -c 1 /dev/urandom"},
					check: func(t *testing.T, c running) {
						hasMount(t, c, "/sys", "sysfs", "ro")
						isDefaultProc(t, c)
					},
				},
				{
					container: container{name: "capabilities", options: []cri.ContainerOption{
						cri.Capabilities([]string{"SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "NET_ADMIN"}, []string{"KILL"})}},
					found:   []string{"privileged container: capabilities SYS_ADMIN, SYS_MODULE and SYS_RAWIO, no seccomp profile"},
					changes: []string{"process.capabilities", "linux.seccomp"},
					truth: func(w *cri.Truth) {
						left := defaultCaps(n) &^ cri.CapsOf("KILL")
						w.Permitted, w.Effective, w.Bounding, w.Seccomp = left, left, left, 2
					},
					stops: []string{"mount -t tmpfs tmpfs /tmp && umount /tmp"},
				},
				{
					// rro alone leaves what is no bind mount writable.
					container: container{name: "second", other: secondMounts("rro"), options: []cri.ContainerOption{cri.RuntimeDefaultSeccomp()}},
					found:     []string{"privileged container: /sys2 is writable"},
					changes:   []string{"mounts"},
					stops:     []string{openForWriting("/sys2/kernel/rcu_expedited")},
					works:     []string{"test -d /sys2/kernel"},
				},
			},
			compliant: []container{
				{name: "default"},
				{name: "some-capabilities", options: []cri.ContainerOption{cri.Capabilities([]string{"SYS_ADMIN", "NET_ADMIN"}, nil)}},
				{name: "device", options: []cri.ContainerOption{cri.Device("/dev/kmsg", "r")}},
			},
		}
	})
}
