package e2e_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

func TestRuleHostNamespaces(t *testing.T) {
	shared := []cri.ContainerOption{cri.ShareNamespaces(true, true)}
	sharing := []cri.PodOption{cri.HostNamespaces(true, true)}
	testRule(t, func(t *testing.T, n *node.Node) rule {
		if err := n.AddNetwork(t.Context()); err != nil {
			t.Fatal(err)
		}
		own := container{name: "own", pod: []cri.PodOption{cri.PodNetwork()}, options: []cri.ContainerOption{cri.InPodNetwork()}}
		return rule{
			name: "hostNamespaces", early: true, checkOnly: true,
			breaking: []breach{
				{
					container: container{name: "network"},
					found:     []string{"host namespaces network not allowed (allowed: none)"},
				},
				{
					// CRI-O shows NRI an IPC namespace that is the host's.
					container: container{name: "ipc-of-all", config: "allow: [network, pid]", pod: sharing, options: shared},
					found:     []string{"host namespaces ipc not allowed (allowed: network, pid)"},
				},
				{
					container: container{name: "two-of-all", config: "allow: [ipc]", pod: sharing, options: shared},
					found:     []string{"host namespaces network, pid not allowed (allowed: ipc)"},
				},
				{
					container: container{name: "pid-of-all", config: "allow: [ipc, network]", pod: sharing, options: shared},
					found:     []string{"host namespaces pid not allowed (allowed: ipc, network)"},
				},
			},
			compliant: []container{own, {name: "all-allowed", config: "allow: [network, pid, ipc]", pod: sharing, options: shared}},
		}
	})
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// hostFiles makes files on the host for a node's containers to mount. A name
// that ends in a slash is a folder.
func hostFiles(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		if !strings.HasSuffix(name, "/") {
			writeFile(t, dir, name, "x\n")
		} else if err := os.MkdirAll(filepath.Join(dir, name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
}

func writeFile(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err = errors.Join(err, os.WriteFile(path, []byte(content), 0o666)); err != nil {
		t.Fatal(err)
	}
}

// mountOn mounts until the end of the test; the node's janitor does it for a
// test that is killed.
func mountOn(t *testing.T, source, target, kind string, flags uintptr) {
	t.Helper()
	if err := unix.Mount(source, target, kind, flags, ""); err != nil {
		t.Fatalf("mount on %s: %v", target, err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(target, unix.MNT_DETACH); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("unmount %s: %v", target, err)
		}
	})
}

// peerGroup is the peer group of a shared mount on the host, such as
// "shared:7" (proc_pid_mountinfo(5)).
func peerGroup(t *testing.T, path string) string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); len(fields) > 6 && fields[4] == path && strings.HasPrefix(fields[6], "shared:") {
			return fields[6]
		}
	}
	t.Fatalf("%s is no shared mount", path)
	return ""
}

// hostPath mounts a path of the host at /data.
func hostPath(path string) []cri.ContainerOption {
	return []cri.ContainerOption{cri.HostPath(path, "/data", false)}
}

func TestRuleHostPaths(t *testing.T) {
	testRule(t, func(t *testing.T, n *node.Node) rule {
		dir := filepath.Join(n.Dir(), "host")
		hostFiles(t, dir, "data/file", "data/sub/file", "data2/file", "secret/file", "shared/")
		if err := os.Symlink("data", filepath.Join(dir, "link")); err != nil && !errors.Is(err, fs.ErrExist) {
			t.Fatal(err)
		}
		mountOn(t, "tmpfs", dir+"/shared", "tmpfs", 0)
		if err := unix.Mount("", dir+"/shared", "", unix.MS_SHARED, ""); err != nil {
			t.Fatal(err)
		}
		// What is mounted in a mount of the same peer group is seen on the host.
		inHostsGroup := "grep ' /data ' /proc/self/mountinfo | grep ' " + peerGroup(t, dir+"/shared") + " '"
		const rootNotShared = "test -z \"$(grep ' / / ' /proc/self/mountinfo | grep shared:)\""
		data := "allowed: [{path: " + dir + "/data}]"
		readOnly := "allowed: [{path: " + dir + "/data, readOnly: true}, {path: /run}, {path: /etc/hostname}]"
		dots := "host path " + dir + `/data/../secret at /data is not allowed: it contains ".." (allowed: ` + dir + "/data)"
		if n.Release() == build.CRIO { // it goes up itself
			dots = "host path " + dir + "/secret at /data is not allowed (allowed: " + dir + "/data)"
		}
		r := rule{
			name: "hostPaths", early: true,
			breaking: []breach{
				removed("root", "", "/", "host path / (with the container runtime's /run/containerd) at /data is not allowed (allowed: none)", "test -e /data/proc/1"),
				removed("root-not-covered", "allowed: [{path: /etc}]", "/", "host path / (with the container runtime's /run/containerd) at /data is not allowed (allowed: /etc)", "test -e /data/proc/1"),
				replaced("sys", openForWriting("/sys/kernel/rcu_expedited"), "test -d /sys/kernel"),
				replaced("dev", "test -e /dev/kmsg", "echo x >/dev/null && test -c /dev/ptmx -a -d /dev/pts -a -d /dev/mqueue"),
				removed("socket", "allowed: [{path: /var/run}, {path: /var}]", "/var/run/containerd/s",
					"host path /var/run/containerd/s (that is /run/containerd/s, the container runtime's own) at /data is not allowed (allowed: /var/run, /var)", "test -e /data"),
				removed("dots", data, dir+"/data/../secret", dots, "cat /data/file"),
				removed("beside", data, dir+"/data2", "host path "+dir+"/data2 at /data is not allowed (allowed: "+dir+"/data)", "cat /data/file"),
				removed("above", data, dir, "host path "+dir+" at /data is not allowed (allowed: "+dir+"/data)", "cat /data/data/file"),
				{
					container: container{name: "not-removed", config: data, options: hostPath(dir + "/secret")},
					found:     []string{"host path " + dir + "/secret at /data is not allowed (allowed: " + dir + "/data)"},
					stuck:     []string{"host path " + dir + "/secret (writable, so not removed) at /data is not allowed (allowed: " + dir + "/data)"},
				},
				{
					container: container{name: "removed-read-only", config: data, options: []cri.ContainerOption{cri.HostPath(dir+"/secret", "/data", true)}},
					found:     []string{"host path " + dir + "/secret at /data is not allowed (allowed: " + dir + "/data)"},
					changes:   []string{"mounts"},
					stops:     []string{"cat /data/file"},
				},
				{
					container: container{name: "writable", config: readOnly, options: hostPath(dir + "/data/sub")},
					found:     []string{"host path " + dir + "/data/sub at /data is writable (allowed: " + dir + "/data read-only)"},
					changes:   []string{"mounts"},
					stops:     []string{"touch /data/x", "echo y >>/data/file", "chmod 666 /data/file"},
					works:     []string{"cat /data/file"},
					check:     func(t *testing.T, c running) { hasMount(t, c, "/data", "", "ro") },
				},
				{
					container: container{name: "propagation", config: "allowed: [{path: " + dir + "/shared}]", options: []cri.ContainerOption{
						cri.Mount(&api.Mount{HostPath: dir + "/shared", ContainerPath: "/data", Propagation: api.MountPropagation_PROPAGATION_BIDIRECTIONAL})}},
					found:   []string{"host path " + dir + "/shared at /data has propagation Bidirectional (allowed: " + dir + "/shared)"},
					changes: []string{"mounts", "linux.rootfsPropagation"},
					stops:   []string{inHostsGroup},
					works:   []string{"touch /data/x", rootNotShared},
				},
				{
					container: container{name: "slave", config: "allowed: [{path: " + dir + "/shared, propagation: HostToContainer}]", options: []cri.ContainerOption{
						cri.Mount(&api.Mount{HostPath: dir + "/shared", ContainerPath: "/data", Propagation: api.MountPropagation_PROPAGATION_BIDIRECTIONAL})}},
					found:   []string{"host path " + dir + "/shared at /data has propagation Bidirectional (allowed: " + dir + "/shared HostToContainer)"},
					changes: []string{"mounts", "linux.rootfsPropagation"},
					stops:   []string{inHostsGroup},
					works:   []string{"grep ' /data ' /proc/self/mountinfo | grep master:", rootNotShared},
				},
			},
			compliant: []container{
				{name: "none"},
				{name: "covered", config: data, options: hostPath(dir + "/data/sub")},
				{name: "by-link", config: "allowed: [{path: " + dir + "/link}]", options: hostPath(dir + "/data")},
				{name: "read-only", config: readOnly, options: []cri.ContainerOption{cri.HostPath(dir+"/data", "/data", true)}},
			},
		}
		kubeletRows(t, n, &r)
		forbiddenRows(t, n, dir, &r)
		return r
	})
}

// removed is a host path that is not allowed and that adjusting takes away.
// see is a command that works where it is mounted.
func removed(name, config, path, found, see string) breach {
	return breach{
		container: container{name: name, config: config, apply: strings.TrimSuffix("remove: writable, "+config, ", "), options: hostPath(path)},
		found:     []string{found},
		changes:   []string{"mounts"},
		stops:     []string{see},
		works:     []string{"test ! -e /data"},
	}
}

// replaced is a host path in the place of what every container has there, which
// comes back when that is taken away.
func replaced(name, see, works string) breach {
	return breach{
		container: container{name: name, apply: "remove: writable", options: []cri.ContainerOption{cri.HostPath("/"+name, "/"+name, false)}},
		found:     []string{"host path /" + name + " at /" + name + " is not allowed (allowed: none)"},
		changes:   []string{"mounts"},
		stops:     []string{see},
		works:     []string{works},
	}
}

// kubeletRows adds what a kubelet mounts, and what merely lies in its folder.
func kubeletRows(t *testing.T, n *node.Node, r *rule) {
	t.Helper()
	const other = "0b5c7d50-0000-0000-0000-000000000000"
	root := n.KubeletDir()
	hostFiles(t, root, "pki/key", "pods/"+other+"/volumes/kubernetes.io~empty-dir/cache/file")
	not := " at /data is not allowed (allowed: none)"
	r.breaking = append(r.breaking,
		removed("other-pod", "", root+"/pods/"+other+"/volumes/kubernetes.io~empty-dir/cache",
			"host path "+root+"/pods/"+other+"/volumes/kubernetes.io~empty-dir/cache (the kubelet's own)"+not, "cat /data/file"),
		removed("kubelet", "allowed: [{path: "+n.Dir()+", readOnly: true}]", root+"/pki",
			"host path "+root+"/pki (the kubelet's own) at /data is not allowed (allowed: "+n.Dir()+" read-only)", "cat /data/key"),
	)
	r.compliant = append(r.compliant,
		container{name: "pod-volumes", late: func(t *testing.T, pod *cri.Sandbox, container string) cri.ContainerOption {
			option, err := pod.KubeletMounts(root, container)
			if err != nil {
				t.Fatal(err)
			}
			return option
		}},
		container{name: "sub-path", late: func(t *testing.T, pod *cri.Sandbox, container string) cri.ContainerOption {
			return subPath(t, filepath.Join(root, "pods", pod.Config.Metadata.Uid), container, "volumes/kubernetes.io~empty-dir/cache/a")
		}},
	)
}

// subPath mounts a folder of the pod as a kubelet mounts a subPath of a volume.
func subPath(t *testing.T, pod, container, folder string) cri.ContainerOption {
	t.Helper()
	hostFiles(t, pod, folder+"/file", "volume-subpaths/cache/"+container+"/0/")
	target := filepath.Join(pod, "volume-subpaths/cache", container, "0")
	mountOn(t, filepath.Join(pod, folder), target, "", unix.MS_BIND)
	return cri.HostPath(target, "/data", false)
}
