package mounts

import (
	"fmt"
	"strings"
	"testing"

	"github.com/specguard/specguard/policy"
)

// table makes a table of lines "ID PARENT DEVICE ROOT POINT OPTIONS TYPE".
func table(t *testing.T, lines ...string) Table {
	t.Helper()
	var text strings.Builder
	for _, line := range lines {
		f := strings.Fields(line)
		fmt.Fprintf(&text, "%s %s %s %s %s %s - %s none rw\n", f[0], f[1], f[2], f[3], f[4], f[5], f[6])
	}
	out, err := Parse([]byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// node has a disk, a second one on /data, memory on /run, and a mount that
// another hides.
func node(t *testing.T) Table {
	return table(t,
		"1 0 8:1 / / rw ext4",
		"2 1 8:2 / /data rw ext4",
		"3 2 8:3 / /data/inner rw ext4",
		"4 1 0:20 / /run rw tmpfs",
		"5 1 0:21 / /proc rw proc",
		"6 1 0:22 / /sys rw sysfs",
		"7 1 0:5 / /dev rw devtmpfs",
		"8 1 8:4 / /mnt/old rw ext4",
		"9 1 8:1 /srv/new /mnt rw ext4",
		"10 1 8:1 /srv/log /var/log rw ext4",
		"11 1 0:30 / /var/lib/pod/shm rw tmpfs",
	)
}

func TestAt(t *testing.T) {
	for p, want := range map[string]Identity{
		"/":             {"8:1", "/"},
		"/etc":          {"8:1", "/etc"},
		"/data":         {"8:2", "/"},
		"/database":     {"8:1", "/database"},
		"/data/a":       {"8:2", "/a"},
		"/data/inner/b": {"8:3", "/b"},
		"/run/app":      {"0:20", "/app"},
		"/mnt/old/x":    {"8:1", "/srv/new/old/x"}, // what is mounted there is hidden
		"/var/log/pods": {"8:1", "/srv/log/pods"},
	} {
		if got, ok := newTree(node(t)).at(p); !ok || got != want {
			t.Errorf("%s: %s, %v, want %s", p, got, ok, want)
		}
	}
	if _, ok := newTree(nil).at("/"); ok {
		t.Error("an empty table has a root")
	}
	below := table(t, "20 9 8:9 / /host rw ext4", "21 20 8:2 / /host/data rw ext4", "22 9 8:9 / /hostile rw ext4").Below("/host")
	if got, _ := newTree(below).at("/data/a"); len(below) != 2 || got != (Identity{"8:2", "/a"}) {
		t.Errorf("below /host: %v, /data/a is %s", below, got)
	}
	stacked := table(t, "1 0 8:1 / / rw ext4", "2 1 8:2 / / rw ext4", "3 2 8:3 / /a rw ext4", "4 3 8:4 / /a rw ext4")
	if got, _ := newTree(stacked).at("/a/b"); got != (Identity{"8:4", "/b"}) {
		t.Errorf("on top: %s", got)
	}
}

// judged is what a container with a volume, shared memory and three host paths
// was judged as.
func judged() *policy.JudgedMounts {
	return &policy.JudgedMounts{
		Policy: "p", Rule: "hostPaths",
		Kernel: []policy.JudgedKernel{
			{Destination: "/proc", Type: "proc"}, {Destination: "/dev", Type: "tmpfs"},
			{Destination: "/sys", Type: "sysfs", ReadOnly: true}, {Destination: "/sys/fs/cgroup", Type: "cgroup", ReadOnly: true},
		},
		Binds: []policy.JudgedBind{
			{Destination: "/dev/shm", Source: "/var/lib/pod/shm"},
			{Destination: "/logs", Source: "/var/log", Host: true, Recursive: true, Options: []policy.PromisedOption{{Policy: "p", Rule: "hostPaths", Option: "ro"}}},
			{Destination: "/data", Source: "/data", Host: true, Recursive: true, Options: []policy.PromisedOption{{Policy: "q", Rule: "mountOptions", Option: "rnosuid"}}},
			{Destination: "/app", Source: "/run/app", Host: true},
		},
	}
}

// honest is what an OCI runtime mounts for it.
func honest() []string {
	return []string{
		"100 50 0:50 / / rw overlay",
		"101 100 0:51 / /proc rw proc",
		"102 100 0:52 / /dev rw tmpfs",
		"103 100 0:22 / /sys ro sysfs", // the node's, as in its network namespace
		"104 102 0:30 / /dev/shm rw tmpfs",
		"105 100 8:1 /srv/log /logs ro ext4",
		"106 100 8:2 / /data rw,nosuid ext4",
		"107 106 8:3 / /data/inner rw,nosuid ext4",
		"108 100 0:20 /app /app rw tmpfs",
		"109 101 0:52 /null /proc/kcore ro tmpfs",
		"110 101 0:51 /sys /proc/sys ro proc",
		"111 102 0:5 /null /dev/null rw devtmpfs",
	}
}

func TestCompare(t *testing.T) {
	with := func(lines ...string) []string { return append(honest(), lines...) }
	instead := func(old, line string) []string {
		return strings.Split(strings.Replace(strings.Join(honest(), "\n"), old, line, 1), "\n")
	}
	hooked := func(j *policy.JudgedMounts) { j.Hooks = true }
	for name, c := range map[string]struct {
		container []string
		change    func(*policy.JudgedMounts)
		want      []string // as "POLICY RULE FOUND"
	}{
		"honest":             {container: honest()},
		"links of the image": {container: instead("105 100 8:1 /srv/log /logs ro", "105 100 8:1 /srv/log /var/logs ro")},
		"the node's root in place of a host path": {
			container: instead("8:1 /srv/log /logs ro", "8:1 / /logs ro"),
			want: []string{
				"p hostPaths host path /var/log at /logs: the kernel has mounted / of the file system 8:1 there, and not /srv/log of the file system 8:1" + changed,
			},
		},
		"what a path was changed to elsewhere by links of the image": {
			container: instead("8:1 /srv/log /logs ro", "8:1 /etc /elsewhere ro"),
			want: []string{
				"p hostPaths host path /var/log at /logs: the kernel has not mounted /srv/log of the file system 8:1" + changed,
				"p hostPaths the kernel has mounted /etc of the file system 8:1 at /elsewhere, which was not judged" + changed,
			},
		},
		"another judged path once more": { // and so with its options
			container: instead("0:20 /app /app rw tmpfs", "8:1 /srv/log /app rw ext4"),
			want: []string{
				"p hostPaths host path /run/app at /app: the kernel has mounted /srv/log of the file system 8:1 there, and not /app of the file system 0:20" + changed,
			},
		},
		"one of two of the same": {
			container: honest(),
			change: func(j *policy.JudgedMounts) {
				j.Binds = append(j.Binds, policy.JudgedBind{Destination: "/app2", Source: "/run/app", Host: true})
			},
			want: []string{"p hostPaths host path /run/app at /app2: the kernel has not mounted /app of the file system 0:20" + changed},
		},
		"what was judged comes with what was not": {
			container: append(instead("0:20 /app /app rw tmpfs", "8:1 / /app rw ext4"), "120 108 0:20 /app /app/run/app rw tmpfs"),
			want:      []string{"p hostPaths the kernel has mounted / of the file system 8:1 at /app, which was not judged" + changed},
		},
		"a file system of the kernel": {
			container: instead("0:20 /app /app rw tmpfs", "0:21 / /app rw proc"),
			want: []string{
				"p hostPaths host path /run/app at /app: the kernel has mounted / of the file system 0:21 there, and not /app of the file system 0:20" + changed,
			},
		},
		"a device of the node": {
			container: with("121 102 0:5 /sda /dev/sda rw devtmpfs"),
			want:      []string{"p hostPaths the kernel has mounted /sda of the file system 0:5 at /dev/sda, which was not judged" + changed},
		},
		"a device of the spec": {
			container: with("121 102 0:5 /fuse /dev/fuse rw devtmpfs"),
			change:    func(j *policy.JudgedMounts) { j.Devices = []string{"/dev/fuse"} },
		},
		"all devices": {
			container: with("121 102 0:5 / /dev rw devtmpfs"),
			want:      []string{"p hostPaths the kernel has mounted / of the file system 0:5 at /dev, which was not judged" + changed},
		},
		"writable": {
			container: instead("/logs ro", "/logs rw"),
			want:      []string{"p hostPaths /var/log at /logs is not mounted ro by the kernel"},
		},
		"writable elsewhere by links of the image": {
			container: instead("/logs ro", "/var/logs rw"),
			want:      []string{"p hostPaths /var/log at /var/logs is not mounted ro by the kernel"},
		},
		"with setuid": {
			container: instead("/data rw,nosuid", "/data rw"),
			want:      []string{"q mountOptions /data at /data is not mounted rnosuid by the kernel"},
		},
		"with setuid below": {
			container: instead("/data/inner rw,nosuid", "/data/inner rw"),
			want:      []string{"q mountOptions /data at /data/inner is not mounted rnosuid by the kernel"},
		},
		"more by hooks": {container: with("122 100 8:1 /usr/lib/libcuda.so /usr/lib/libcuda.so ro ext4"), change: hooked},
		"more without hooks": {
			container: with("122 100 8:1 /usr/lib/libcuda.so /usr/lib/libcuda.so ro ext4"),
			want:      []string{"p hostPaths the kernel has mounted /usr/lib/libcuda.so of the file system 8:1 at /usr/lib/libcuda.so, which was not judged" + changed},
		},
		"hooks do not stand for a host path": {
			container: append(instead("0:20 /app /app rw tmpfs", "8:1 / /opt/app rw ext4"), "123 100 0:20 /app /usr/lib/app rw tmpfs"),
			change:    hooked,
			want:      []string{"p hostPaths host path /run/app at /app: the kernel has not mounted /app of the file system 0:20" + changed},
		},
		"nothing": {
			container: honest()[:1],
			want: []string{
				"p hostPaths host path /var/log at /logs: the kernel has not mounted /srv/log of the file system 8:1" + changed,
				"p hostPaths host path /data at /data: the kernel has not mounted / of the file system 8:2" + changed,
				"p hostPaths host path /run/app at /app: the kernel has not mounted /app of the file system 0:20" + changed,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			j := judged()
			if c.change != nil {
				c.change(j)
			}
			var got []string
			for _, v := range Compare(j, "/var/lib/pod/rootfs", node(t), table(t, c.container...)) {
				got = append(got, v.Policy+" "+v.Rule+" "+v.Found)
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// BenchmarkCompare compares a container that mounts all of a node with two
// thousand mounts.
func BenchmarkCompare(b *testing.B) {
	var lines strings.Builder
	lines.WriteString("1 0 8:1 / / rw - ext4 none rw\n")
	for i := range 2000 {
		fmt.Fprintf(&lines, "%d 1 0:%d / /var/lib/kubelet/pods/%d/volumes/kubernetes.io~projected/token rw - tmpfs none rw\n", 2+i, 100+i, i)
	}
	node, err := Parse([]byte(lines.String()))
	if err != nil {
		b.Fatal(err)
	}
	judged := &policy.JudgedMounts{Binds: []policy.JudgedBind{{Destination: "/host", Source: "/", Host: true, Recursive: true}}}
	container := Table{}
	for _, m := range node {
		seen := *m
		seen.Mountpoint = strings.TrimSuffix("/host"+m.Mountpoint, "/")
		container = append(container, &seen)
	}
	for b.Loop() {
		if found := Compare(judged, "", node, container); len(found) > 0 {
			b.Fatal(found)
		}
	}
}
