package mounts

import (
	"slices"
	"strings"
	"testing"

	"github.com/specguard/specguard/policy"
)

// TestCompareSwapped has whoever writes to /srv/data swap names in it while a
// container is created. line is what the kernel makes of the container's mounts,
// beside its root filesystem; found is what has to be told of it, "" for nothing.
func TestCompareSwapped(t *testing.T) {
	readOnly := []policy.PromisedOption{{Policy: "p", Rule: "hostPaths", Option: "ro"}}
	host := func(source, destination string, options ...policy.PromisedOption) policy.JudgedBind {
		return policy.JudgedBind{Destination: destination, Source: source, Host: true, Recursive: true, Options: options}
	}
	volume := func(source, destination string) policy.JudgedBind {
		return policy.JudgedBind{Destination: destination, Source: source, Recursive: true}
	}
	kernel := []policy.JudgedKernel{{Destination: "/proc", Type: "proc"}, {Destination: "/sys", Type: "sysfs", ReadOnly: true}, {Destination: "/sys/fs/cgroup", Type: "cgroup", ReadOnly: true}}
	sub := "5 1 8:1 /srv/data/flip /kubelet/subpath rw ext4" // the kubelet mounts it for a subPath
	for name, c := range map[string]struct {
		node      []string
		binds     []policy.JudgedBind
		hooks     bool
		container []string
		found     string
	}{
		"two names, so that what is read-only is mounted writable": {
			binds:     []policy.JudgedBind{host("/srv/data/flip", "/a"), host("/srv/ro", "/b", readOnly...)},
			container: []string{"101 100 8:1 /srv/ro /a rw ext4", "102 100 8:1 /srv/data/flip /b ro ext4"},
			found:     "/srv/ro at /a is not mounted ro by the kernel",
		},
		"one of two mounts of a folder, and the other made read-only over itself": {
			binds:     []policy.JudgedBind{host("/srv/data/flip", "/a"), host("/srv/data/flip", "/c"), host("/srv/ro", "/b", readOnly...)},
			container: []string{"101 100 8:1 /srv/ro /a rw ext4", "102 100 8:1 /srv/data/flip /c rw ext4", "103 102 8:1 /srv/data/flip /c ro ext4", "104 100 8:1 /srv/ro /b ro ext4"},
			found:     "/srv/ro at /a is not mounted ro by the kernel",
		},
		"a root filesystem": {
			binds:     []policy.JudgedBind{host("/srv/data/flip", "/"), volume("/kubelet/subpath", "/v")},
			node:      []string{sub},
			container: []string{"101 100 8:1 /etc / rw ext4", "102 101 8:1 /srv/data/flip /v rw ext4"},
			found:     "the kernel has mounted /etc of the file system 8:1",
		},
		"a root filesystem with another mount for the folder": {
			binds:     []policy.JudgedBind{host("/srv/data/flip", "/"), host("/srv/data/flip", "/v")},
			container: []string{"101 100 8:1 /etc / rw ext4", "102 101 8:1 /srv/data/flip /v rw ext4", "103 102 8:1 /srv/data/flip /v ro ext4"},
			found:     "the kernel has mounted /etc of the file system 8:1",
		},
		"what comes with a read-only /, for a writable one": {
			node:      []string{sub, "6 1 8:2 / /data rw ext4"},
			binds:     []policy.JudgedBind{host("/", "/host", readOnly...), host("/srv/data/flip", "/b")},
			container: []string{"101 100 8:1 / /host ro ext4", "102 101 8:1 /srv/data/flip /host/kubelet/subpath rw ext4", "103 101 8:2 / /host/data rw ext4", "104 100 8:2 / /b rw ext4"},
			found:     "host path /srv/data/flip at /b: the kernel has mounted / of the file system 8:2 there",
		},
		"what comes with a mount, elsewhere": {
			node:      []string{sub, "6 1 8:2 / /data rw ext4"},
			binds:     []policy.JudgedBind{host("/", "/host", readOnly...), volume("/kubelet/subpath", "/v"), host("/srv/data/flip", "/b")},
			container: []string{"101 100 8:1 / /host ro ext4", "102 101 8:1 /srv/data/flip /host/kubelet/subpath rw ext4", "103 101 8:2 / /host/data rw ext4", "104 100 8:2 / /b rw ext4", "105 100 8:1 /srv/data/flip /v rw ext4"},
			found:     "8:2",
		},
		"the node's /sys, writable, below the container's": {
			binds:     []policy.JudgedBind{volume("/kubelet/subpath", "/v"), host("/srv/data/flip", "/sys/kernel/debug")},
			node:      []string{sub},
			container: []string{"101 100 0:40 / /sys ro sysfs", "102 101 0:22 / /sys/kernel/debug rw sysfs", "103 100 8:1 /srv/data/flip /v rw ext4", "104 103 8:1 /srv/data/flip /v ro ext4"},
			found:     "the kernel has mounted / of the file system 0:22 at /sys/kernel/debug, which was not judged",
		},
		"the node's /proc over the container's": {
			binds:     []policy.JudgedBind{host("/srv/data/flip", "/proc"), host("/srv/data/flip", "/v")},
			container: []string{"101 100 0:51 / /proc rw proc", "102 101 0:21 / /proc rw proc", "103 100 8:1 /srv/data/flip /v rw ext4", "104 103 8:1 /srv/data/flip /v ro ext4"},
			found:     "the kernel has mounted / of the file system 0:21 at /proc, which was not judged",
		},
		"the node's /proc in /sys": {
			binds:     []policy.JudgedBind{host("/srv/data/flip", "/sys/fs/x"), host("/srv/data/flip", "/v")},
			container: []string{"101 100 0:21 /sys /sys/fs/x rw proc", "103 100 8:1 /srv/data/flip /v rw ext4", "104 103 8:1 /srv/data/flip /v ro ext4"},
			found:     "the kernel has mounted /sys of the file system 0:21 at /sys/fs/x, which was not judged",
		},
		"the container's own mounts come along with /": {
			binds: []policy.JudgedBind{host("/", "/host", readOnly...), host("/srv/data/x", "/x")},
			container: []string{
				"101 100 0:80 /pod /sys/fs/cgroup ro cgroup2", "102 100 8:1 / /host ro ext4", "103 102 0:60 / /host/kubelet/pod/rootfs rw overlay",
				"104 103 0:80 /pod /host/kubelet/pod/rootfs/sys/fs/cgroup ro cgroup2", "105 100 8:1 /srv/data/x /x rw ext4",
			},
			node: []string{"6 3 0:80 / /sys/fs/cgroup rw cgroup2"},
		},
		"where the container's own mounts come along, something else": {
			binds:     []policy.JudgedBind{host("/", "/host", readOnly...)},
			container: []string{"102 100 8:1 / /host ro ext4", "103 102 0:60 / /host/kubelet/pod/rootfs rw overlay", "104 103 8:1 /etc /host/kubelet/pod/rootfs/x rw ext4"},
			found:     "the kernel has mounted /etc of the file system 8:1 at /host/kubelet/pod/rootfs/x, which was not judged",
		},
		"two mounts on one another, both of which come along": {
			node:      []string{"6 1 0:30 / /auto rw autofs", "7 6 0:31 / /auto rw tmpfs"},
			binds:     []policy.JudgedBind{host("/", "/host", readOnly...)},
			container: []string{"101 100 8:1 / /host ro ext4", "102 101 0:30 / /host/auto rw autofs", "103 102 0:31 / /host/auto rw tmpfs"},
		},
		"a mount that another hides comes along": {
			node:      []string{"6 1 8:2 / /mnt/old rw ext4", "7 1 8:1 /srv /mnt rw ext4"},
			binds:     []policy.JudgedBind{host("/", "/host", readOnly...)},
			container: []string{"101 100 8:1 / /host ro ext4", "102 101 8:2 / /host/mnt/old rw ext4", "103 101 8:1 /srv /host/mnt rw ext4"},
		},
		"by links of the image, with what comes": {
			node:      []string{"6 1 8:2 / /srv/ro/in rw ext4"},
			binds:     []policy.JudgedBind{host("/srv/ro", "/var/run/x", readOnly...)},
			container: []string{"101 100 8:1 /srv/ro /run/x ro ext4", "102 101 8:2 / /run/x/in rw ext4"},
		},
		"a mount over the same that came with another": {
			node:      []string{"6 1 8:2 / /data rw ext4"},
			binds:     []policy.JudgedBind{host("/", "/host", readOnly...), host("/data", "/host/data", readOnly...)},
			container: []string{"101 100 8:1 / /host ro ext4", "102 101 8:2 / /host/data rw ext4", "103 102 8:2 / /host/data ro ext4"},
		},
		"a file that was written anew": {
			binds:     []policy.JudgedBind{host("/srv/ro/file", "/file", readOnly...), volume("/kubelet/etc-hosts", "/etc/hosts")},
			container: []string{"101 100 8:1 /srv/ro/file//deleted /file ro ext4", "102 100 8:1 /kubelet/etc-hosts//deleted /etc/hosts rw ext4"},
		},
		"a subPath whose file was written anew": {
			node:      []string{"6 1 8:1 /kubelet/v/..1/file//deleted /kubelet/subpath rw ext4"},
			binds:     []policy.JudgedBind{host("/srv/ro", "/b", readOnly...), volume("/kubelet/subpath", "/file")},
			container: []string{"101 100 8:1 /srv/ro /b ro ext4", "102 100 8:1 /kubelet/v/..1/file//deleted /file rw ext4"},
		},
		"devices of a node that is itself a container, in a user namespace": {
			node:      []string{"6 1 0:70 / /dev rw tmpfs"},
			binds:     []policy.JudgedBind{host("/srv/ro", "/b", readOnly...)},
			container: []string{"101 100 8:1 /srv/ro /b ro ext4", "102 100 0:71 / /dev rw tmpfs", "103 102 0:70 /tty /dev/tty rw tmpfs", "104 102 0:70 /null /proc/kcore rw tmpfs"},
		},
		"hooks, and a link of the image that is a folder for the second mount": {
			hooks:     true,
			binds:     []policy.JudgedBind{host("/srv/data/flip", "/d/x"), host("/srv/data", "/d"), host("/srv/data/flip", "/d/x")},
			container: []string{"101 100 8:1 / /y rw ext4", "102 100 8:1 /srv/data /d rw ext4", "103 102 8:1 /srv/data/flip /d/x rw ext4"},
			found:     "host path /srv/data/flip at /d/x: the kernel has not mounted",
		},
	} {
		t.Run(name, func(t *testing.T) {
			on := table(t, append([]string{"1 0 8:1 / / rw ext4", "2 1 0:21 / /proc rw proc", "3 1 0:22 / /sys rw sysfs", "4 1 0:60 / /kubelet/pod/rootfs rw overlay"}, c.node...)...)
			in := table(t, append([]string{"100 50 0:60 / / rw overlay"}, c.container...)...)
			found := Compare(&policy.JudgedMounts{Policy: "p", Rule: "hostPaths", Kernel: kernel, Binds: c.binds, Hooks: c.hooks}, "/kubelet/pod/rootfs", on, in)
			told := slices.ContainsFunc(found, func(v policy.Violation) bool { return strings.Contains(v.Found, c.found) })
			if told != (c.found != "") || c.found == "" && len(found) > 0 {
				t.Errorf("found %v, want %q", found, c.found)
			}
		})
	}
}

// BenchmarkCompareNested compares a container that mounts a volume in itself, a
// thousand times, as a pod may.
func BenchmarkCompareNested(b *testing.B) {
	node, err := Parse([]byte("1 0 8:1 / / rw - ext4 none rw\n2 1 0:30 / /volume rw - tmpfs none rw\n"))
	if err != nil {
		b.Fatal(err)
	}
	judged, container := &policy.JudgedMounts{}, Table{}
	for i := range 1000 {
		at := strings.Repeat("/a", i+1)
		judged.Binds = append(judged.Binds, policy.JudgedBind{Destination: at, Source: "/volume", Recursive: true, Host: true})
		seen := *node[1]
		seen.ID, seen.Parent, seen.Mountpoint = 100+i, 99+i, at
		container = append(container, &seen)
	}
	for b.Loop() {
		if found := Compare(judged, "", node, container); len(found) > 0 {
			b.Fatal(found)
		}
	}
}
