package e2e_test

import (
	"testing"

	nri "github.com/containerd/nri/pkg/api"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

func TestRuleReadOnlyRootFilesystem(t *testing.T) {
	const writable = "writablePaths: [/tmp, /var/log, /srv/a/b], writableSize: 1Mi"
	readOnly := func(w *cri.Truth) { w.RootWritable = false }
	tmpfs := func(t *testing.T, c running) {
		hasMount(t, c, "/", "", "ro")
		for _, path := range []string{"/tmp", "/var/log", "/srv/a/b"} {
			hasMount(t, c, path, "tmpfs", "rw", "nosuid", "nodev", "size=1024k")
		}
	}
	works := []string{"echo x >/tmp/x && test -s /tmp/x", "touch /var/log/x", "touch /srv/a/b/x", "stat -c %a /tmp | grep -qx 1777"}
	testRule(t, func(*testing.T, *node.Node) rule {
		return rule{
			name: "readOnlyRootFilesystem",
			breaking: []breach{
				{
					container: container{name: "root", config: writable},
					found:     []string{"root filesystem is writable"},
					changes:   []string{"root.readonly", "mounts"},
					truth:     readOnly,
					stops: []string{"touch /x", "touch /etc/passwd", "mkdir /c", "rm /bin/vi && ln -s busybox /bin/vi",
						"dd if=/dev/zero of=/tmp/big bs=64k count=17; r=$?; rm /tmp/big; exit $r"},
					works: works,
					check: tmpfs,
				},
				{
					container: container{name: "user", config: writable, options: []cri.ContainerOption{cri.User(1000)}},
					found:     []string{"root filesystem is writable"},
					changes:   []string{"root.readonly", "mounts"},
					works:     works,
					check:     tmpfs,
				},
				{
					container: container{name: "no-paths"},
					found:     []string{"root filesystem is writable"},
					changes:   []string{"root.readonly"},
					truth:     func(w *cri.Truth) { w.RootWritable, w.TmpWritable = false, false },
					stops:     []string{"touch /tmp/x", "touch /run/x"},
				},
			},
			compliant: []container{{name: "read-only", config: writable, options: []cri.ContainerOption{cri.ReadOnlyRootfs()}}},
		}
	})
}

func TestRuleProcMount(t *testing.T) {
	testRule(t, func(_ *testing.T, n *node.Node) rule {
		unmasked := breach{
			container: container{name: "unmasked", options: []cri.ContainerOption{cri.Unmasked()}},
			found: []string{
				"not masked: /proc/acpi, /proc/kcore, /proc/keys, /proc/latency_stats, /proc/timer_list, " +
					"/proc/timer_stats, /proc/sched_debug, /proc/scsi, /sys/firmware",
				"not read-only: /proc/bus, /proc/fs, /proc/irq, /proc/sys, /proc/sysrq-trigger, /proc/asound",
			},
			changes: []string{"linux.maskedPaths", "linux.readonlyPaths"},
			stops: []string{openForWriting("/proc/sys/kernel/core_pattern"), openForWriting("/proc/irq/default_smp_affinity"),
				"grep . /proc/keys || grep . /proc/interrupts"},
			works: []string{"cat /proc/sys/kernel/core_pattern"},
			check: isDefaultProc,
		}
		if n.Release() == build.CRIO { // it masks all the same
			unmasked.found = []string{"not read-only: /proc/bus, /proc/fs, /proc/irq, /proc/sys, /proc/sysrq-trigger"}
			unmasked.changes, unmasked.stops = unmasked.changes[1:], unmasked.stops[:2]
		}
		return rule{
			name: "procMount",
			breaking: []breach{
				unmasked,
				{
					// Another plugin mounts them a second time.
					container: container{name: "second", other: secondMounts("ro")},
					found: []string{
						"not masked: /proc2/acpi, /proc2/kcore, /proc2/keys, /proc2/latency_stats, /proc2/timer_list, " +
							"/proc2/timer_stats, /proc2/sched_debug, /proc2/scsi, /sys2/firmware",
						"not read-only: /proc2/bus, /proc2/fs, /proc2/irq, /proc2/sys, /proc2/sysrq-trigger, /proc2/asound",
					},
					changes: []string{"linux.maskedPaths", "linux.readonlyPaths"},
					stops:   []string{openForWriting("/proc2/sys/kernel/core_pattern"), "grep . /proc2/keys || grep . /proc2/interrupts"},
					works:   []string{"cat /proc2/sys/kernel/core_pattern"},
				},
				{
					container: container{name: "more", config: "maskedPaths: [/proc/version], readonlyPaths: [/proc/1/comm]"},
					found:     []string{"not masked: /proc/version", "not read-only: /proc/1/comm"},
					changes:   []string{"linux.maskedPaths", "linux.readonlyPaths"},
					stops:     []string{"grep Linux /proc/version", openForWriting("/proc/1/comm")},
					works:     []string{"grep . /proc/1/comm"},
				},
			},
			compliant: []container{{name: "default"}},
		}
	})
}

// secondMounts mounts a second proc and a second sysfs, with more options.
func secondMounts(sysfs ...string) *nri.ContainerAdjustment {
	a := &nri.ContainerAdjustment{}
	a.AddMount(&nri.Mount{Destination: "/proc2", Type: "proc", Source: "proc"})
	a.AddMount(&nri.Mount{Destination: "/sys2", Type: "sysfs", Source: "sysfs", Options: sysfs})
	return a
}

// openForWriting is a command that opens a file for writing, and writes
// nothing.
func openForWriting(path string) string { return ": >>" + path }

// isDefaultProc checks what the kernel shows of the masked and read-only paths
// that every container has: of those that this kernel has at all.
func isDefaultProc(t *testing.T, c running) {
	t.Helper()
	seen := 0
	for _, path := range []string{"/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/scsi", "/proc/interrupts",
		"/proc/sched_debug", "/sys/firmware"} {
		if exists(path) {
			hasMount(t, c, path, "")
			seen++
		}
	}
	for _, path := range []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"} {
		if exists(path) {
			hasMount(t, c, path, "proc", "ro")
			seen++
		}
	}
	if seen < 5 {
		t.Errorf("only %d of the paths are there: nothing is shown by this", seen)
	}
}
