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

// hardenedOptions are what a pod asks for that complies with the profile.
func hardenedOptions() []cri.ContainerOption {
	return []cri.ContainerOption{
		cri.User(65532), cri.Group(65532), cri.Capabilities(nil, []string{"ALL"}), cri.NoNewPrivs(), cri.ReadOnlyRootfs(), cri.RuntimeDefaultSeccomp(),
		cri.Resources(&api.LinuxContainerResources{CpuShares: 2, OomScoreAdj: 1000, MemoryLimitInBytes: 64 << 20, CpuQuota: 50000, CpuPeriod: 100000}),
	}
}

// joined gives a container more that depends on the pod.
func joined(c container, more ...func(*testing.T, *cri.Sandbox, string) cri.ContainerOption) container {
	late := c.late
	c.late = func(t *testing.T, pod *cri.Sandbox, name string) cri.ContainerOption {
		var all []cri.ContainerOption
		for _, m := range append(more, late) {
			if m != nil {
				all = append(all, m(t, pod, name))
			}
		}
		return func(c *api.ContainerConfig) {
			for _, o := range all {
				o(c)
			}
		}
	}
	return c
}

// open lets everybody write to volumes of the pod.
func open(n *node.Node, volumes ...string) func(*testing.T, *cri.Sandbox, string) cri.ContainerOption {
	return func(t *testing.T, pod *cri.Sandbox, _ string) cri.ContainerOption {
		t.Helper()
		return func(*api.ContainerConfig) { // once they are there
			for _, v := range volumes {
				if err := os.Chmod(filepath.Join(n.KubeletDir(), "pods", pod.Config.Metadata.Uid, "volumes", v), 0o777); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// blockDevice makes a node of a block device that nothing is behind.
func blockDevice(t *testing.T, path string, minor uint32) string {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = unix.Mknod(path, unix.S_IFBLK|0o666, int(unix.Mkdev(7, minor)))
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
	return path
}

// volumeDevice gives the container a block device of a volume, as a kubelet does,
// or one that is no volume's.
func volumeDevice(n *node.Node, ofVolume bool) func(*testing.T, *cri.Sandbox, string) cri.ContainerOption {
	return func(t *testing.T, pod *cri.Sandbox, _ string) cri.ContainerOption {
		t.Helper()
		disk := blockDevice(t, filepath.Join(n.Dir(), "disks", "of-host"), 177)
		if ofVolume {
			disk = blockDevice(t, filepath.Join(n.Dir(), "disks", "of-volume"), 178)
			link := filepath.Join(n.KubeletDir(), "pods", pod.Config.Metadata.Uid, "volumeDevices/kubernetes.io~csi/pvc-1")
			err := os.MkdirAll(filepath.Dir(link), 0o755)
			if err = errors.Join(err, os.Symlink(disk, link)); err != nil && !errors.Is(err, fs.ErrExist) {
				t.Fatal(err)
			}
			disk = link
		}
		return cri.DeviceAt(disk, "/disk", "rwm")
	}
}

const baselineDevices = "(allowed: those of every container, block devices of the pod's volumes, /dev/fuse (c 10:229 rwm), " +
	"/dev/net/tun (c 10:200 rwm), /dev/kvm (c 10:232 rwm), /dev/vhost-net (c 10:238 rwm) and 9 more)"

// TestMountsAndDevices: what profiles say of each mount and each device.
func TestMountsAndDevices(t *testing.T) {
	match := func(namespace string) string {
		return "{namespaces: [" + namespace + "], containers: [" + ctrSame + "]}"
	}
	policies := policyText("hardened", match("hardened"), "enforce", "profile: hardened\nrules: {images: {onViolation: ignore}}") +
		policyText("baseline", match("mount-baseline"), "enforce", "profile: baseline") +
		policyText("host-network", match("host-network"), "enforce", "profile: baseline\nrules: {hostNamespaces: {allow: [network]}, hostPorts: {onViolation: ignore}}") +
		policyText("unmapped", match("unmapped"), "enforce", "rules: {runAsNonRoot: {onViolation: adjust, runAsUser: 1000650000}}") +
		policyText("read-only", match("both"), "enforce", "rules: {readOnlyRootFilesystem: {onViolation: adjust, writablePaths: [/tmp]}}") +
		policyText("no-exec", match("both"), "enforce", "rules: {mountOptions: {onViolation: reject, require: [{volumeTypes: [tmpfs], options: [noexec]}]}}")
	run := func(dir string) string { return "cp /bin/busybox " + dir + "/echo && " + dir + "/echo x" }
	eachNode(t, func(t *testing.T, n *node.Node) {
		if err := n.AddNetwork(t.Context()); err != nil {
			t.Fatal(err)
		}
		g := startRig(t, n, rigOptions{policies: policies})
		const csi = "kubernetes.io~csi/pvc-1/mount"
		scenarios := []scenario{
			{namespace: "hardened", breach: breach{
				container: joined(ownNetwork(n, "executable", hardenedOptions()...), volumes(n, map[string]string{"/cache": emptyDir, "/csi": csi}), open(n, emptyDir, csi)),
				changes:   []string{"mounts", "linux.seccomp", "linux.resources"},
				stops:     []string{run("/cache"), run("/csi"), run("/dev/shm")},
				works:     []string{"touch /cache/x /csi/x /dev/shm/x", "cat /var/run/secrets/kubernetes.io/serviceaccount/token", "echo x >/dev/null"},
				check: func(t *testing.T, c running) {
					for _, at := range []string{"/cache", "/csi", "/dev/shm", "/dev/termination-log", "/etc/hosts", "/dev/mqueue"} {
						hasMount(t, c, at, "", "nosuid", "nodev", "noexec")
					}
					hasMount(t, c, "/dev", "tmpfs", "nosuid", "noexec")
					if limits := strings.Fields(cgroupLimits(t, c)); limits[len(limits)-1] != "1024" {
						t.Errorf("limits in force: %s, want 1024 processes", limits)
					}
				},
			}},
			{namespace: "hardened", breach: breach{container: joined(ownNetwork(n, "disk", hardenedOptions()...), volumeDevice(n, false))},
				denied: &refusal{sentence: `specguard: denied by policy "hardened": devices: devices /disk (b 7:177) not allowed ` + baselineDevices +
					`; devices: use of devices b 7:177 rwm not allowed ` + baselineDevices}},
			{namespace: "mount-baseline", breach: breach{container: joined(ownNetwork(n, "volume"), volumeDevice(n, true)), works: []string{"test -b /disk"}}},
			{namespace: "mount-baseline", breach: breach{container: ownNetwork(n, "fuse", cri.Device("/dev/fuse", "rwm")), works: []string{"test -c /dev/fuse"}}},
			{namespace: "both", breach: breach{
				container: ownNetwork(n, "tmpfs"),
				changes:   []string{"root.readonly", "mounts"},
				truth:     func(w *cri.Truth) { w.RootWritable = false },
				stops:     []string{run("/tmp")},
				works:     []string{"touch /tmp/x"},
			}},
		}
		if n.Release() == build.Containerd2 { // others have no user namespaces here, or no id mappings
			userns := container{name: "user-namespace", pod: []cri.PodOption{cri.UserNamespace()}, options: []cri.ContainerOption{cri.InUserNamespace()}}
			scenarios = append(scenarios,
				scenario{namespace: "host-network", breach: breach{container: userns, works: []string{"test -d /sys/kernel"}}},
				scenario{namespace: "unmapped", breach: breach{container: userns}, denied: &refusal{sentence: `specguard: denied by policy "unmapped": ` +
					`runAsNonRoot: runs as root (uid 0), and the policy's runAsUser, 1000650000, is not mapped in the pod's user namespace (allowed: any uid but 0)`}},
				scenario{namespace: "mount-baseline", breach: breach{container: joined(ownNetwork(n, "mapped"), mappedVolume(n))},
					denied: &refusal{sentence: `specguard: denied by policy "baseline": hostPaths: emptyDir at /im maps user or group ids ` +
						`(allowed: the mappings of the pod's own user namespace)`}},
			)
		}
		for _, s := range scenarios {
			t.Run(s.namespace+"-"+s.name, func(t *testing.T) {
				t.Parallel()
				g.scenario(t, s)
			})
		}
	})
}

// mappedVolume mounts an emptyDir that makes the user 65532 root.
func mappedVolume(n *node.Node) func(*testing.T, *cri.Sandbox, string) cri.ContainerOption {
	return func(t *testing.T, pod *cri.Sandbox, _ string) cri.ContainerOption {
		t.Helper()
		root := filepath.Join(n.KubeletDir(), "pods", pod.Config.Metadata.Uid, "volumes")
		hostFiles(t, root, emptyDir+"/file")
		ids := func() []*api.IDMapping { return []*api.IDMapping{{ContainerId: 0, HostId: 65532, Length: 1}} }
		return cri.Mount(&api.Mount{HostPath: filepath.Join(root, emptyDir), ContainerPath: "/im", UidMappings: ids(), GidMappings: ids()})
	}
}
