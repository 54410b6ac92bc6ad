package e2e_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

// volumes mounts volumes of the pod at paths in the container, by their folders
// below the kubelet's folder of the pod's volumes. Each holds a file.
func volumes(n *node.Node, at map[string]string) func(*testing.T, *cri.Sandbox, string) cri.ContainerOption {
	return func(t *testing.T, pod *cri.Sandbox, _ string) cri.ContainerOption {
		t.Helper()
		root := filepath.Join(n.KubeletDir(), "pods", pod.Config.Metadata.Uid, "volumes")
		return func(c *api.ContainerConfig) {
			for _, path := range slices.Sorted(maps.Keys(at)) {
				hostFiles(t, root, at[path]+"/file")
				cri.HostPath(filepath.Join(root, at[path]), path, false)(c)
			}
		}
	}
}

const emptyDir = "kubernetes.io~empty-dir/cache"

func TestRuleVolumeTypes(t *testing.T) {
	testRule(t, func(t *testing.T, n *node.Node) rule {
		dir := filepath.Join(n.Dir(), "volumes")
		hostFiles(t, dir, "file")
		inEmptyDir := container{name: "in-another", config: "allowed: [emptyDir]", apply: "remove: writable, allowed: [emptyDir]", late: volumes(n, map[string]string{"/data": emptyDir}),
			options: []cri.ContainerOption{cri.HostPath(dir, "/data/sub", false)}}
		r := rule{
			name: "volumeTypes", early: true,
			breaking: []breach{
				{
					container: container{name: "some", config: "allowed: [emptyDir, flexVolume]", apply: "remove: writable, allowed: [emptyDir, flexVolume]", late: volumes(n, map[string]string{
						"/cache": emptyDir, "/csi": "kubernetes.io~csi/pvc-1/mount", "/flex": "example.com~driver/data",
						"/new": "kubernetes.io~to-come/data", "/nfs": "kubernetes.io~nfs/pv-1"})},
					found:   []string{"csi at /csi, volume of unknown type at /new, nfs at /nfs not allowed (allowed: emptyDir, flexVolume)"},
					changes: []string{"mounts"},
					stops:   []string{"test -e /csi/file", "test -e /new/file", "test -e /nfs/file"},
					works:   []string{"test -e /cache/file && test -e /flex/file"},
				},
				{
					container: container{name: "host-path", config: "allowed: [emptyDir]", apply: "remove: writable, allowed: [emptyDir]", options: hostPath(dir)},
					found:     []string{"hostPath at /data not allowed (allowed: emptyDir)"},
					changes:   []string{"mounts"},
					stops:     []string{"test -e /data/file"},
				},
				{
					container: container{name: "not-removed", config: "allowed: [emptyDir]", options: hostPath(dir)},
					found:     []string{"hostPath at /data not allowed (allowed: emptyDir)"},
					stuck:     []string{"hostPath at /data (writable, so not removed) not allowed (allowed: emptyDir)"},
				},
				{
					// What it may hide must not be seen instead.
					container: inEmptyDir,
					found:     []string{"hostPath at /data/sub not allowed (allowed: emptyDir)"},
					stuck:     []string{"hostPath at /data/sub (inside the mount /data, so not removed) not allowed (allowed: emptyDir)"},
				},
			},
			compliant: []container{
				{name: "kubelets", config: "allowed: [projected]", late: func(t *testing.T, pod *cri.Sandbox, container string) cri.ContainerOption {
					option, err := pod.KubeletMounts(n.KubeletDir(), container)
					if err != nil {
						t.Fatal(err)
					}
					return option
				}},
				{name: "sub-path", config: "allowed: [emptyDir]", late: func(t *testing.T, pod *cri.Sandbox, container string) cri.ContainerOption {
					return subPath(t, filepath.Join(n.KubeletDir(), "pods", pod.Config.Metadata.Uid), container, "volumes/"+emptyDir+"/a")
				}},
			},
		}
		if n.Release().Major() == "2" { // containerd 1.7 has no volumes of images
			image := []cri.ContainerOption{cri.Mount(&api.Mount{ContainerPath: "/data", Readonly: true, Image: &api.ImageSpec{Image: node.AppImage}})}
			r.breaking = append(r.breaking, breach{
				container: container{name: "image", config: "allowed: [emptyDir]", options: image},
				found:     []string{"image at /data not allowed (allowed: emptyDir)"},
				changes:   []string{"mounts"},
				stops:     []string{"test -e /data/bin/busybox"},
			})
		}
		return r
	})
}

// TestRuleTokens mounts the token of the pod's service account where the kubelet does, and
// elsewhere.
func TestRuleTokens(t *testing.T) {
	const place, token, own = "/var/run/secrets/kubernetes.io/serviceaccount", "kubernetes.io~projected/kube-api-access-x", "kubernetes.io~projected/own"
	testRule(t, func(t *testing.T, n *node.Node) rule {
		kubelets := func(t *testing.T, pod *cri.Sandbox, container string) cri.ContainerOption {
			t.Helper()
			option, err := pod.KubeletMounts(n.KubeletDir(), container)
			if err != nil {
				t.Fatal(err)
			}
			return option
		}
		gone := func(t *testing.T, c running) {
			t.Helper()
			if out, err := c.Exec(t.Context(), "cat", "/proc/self/mountinfo"); err != nil || strings.Contains(out, "kube-api-access") || strings.Contains(out, place) {
				t.Errorf("%v\n%s", err, out)
			}
		}
		readOnly := func(c *api.ContainerConfig) {
			for _, m := range c.Mounts {
				m.Readonly = true
			}
		}
		elsewhere := func(t *testing.T, pod *cri.Sandbox, container string) cri.ContainerOption {
			t.Helper()
			volume := volumes(n, map[string]string{"/data": token, "/own": own})(t, pod, container)
			return func(c *api.ContainerConfig) { volume(c); readOnly(c) }
		}
		return rule{
			name: "tokens", early: true,
			breaking: []breach{
				{
					container: container{name: "kubelets", late: kubelets},
					found:     []string{"service account token at " + place + " not allowed"},
					changes:   []string{"mounts"},
					stops:     []string{"cat " + place + "/token"},
					works:     []string{"grep localhost /etc/hosts", "test -f /dev/termination-log"},
					check:     gone,
				},
				{
					container: container{name: "elsewhere", late: elsewhere},
					found:     []string{"service account token at /data not allowed"},
					changes:   []string{"mounts"},
					stops:     []string{"test -e /data/file"},
					works:     []string{"test -e /own/file"},
					check:     gone,
				},
				{
					container: container{name: "sub-path", late: func(t *testing.T, pod *cri.Sandbox, container string) cri.ContainerOption {
						t.Helper()
						dir, part := filepath.Join(n.KubeletDir(), "pods", pod.Config.Metadata.Uid), "volume-subpaths/kube-api-access-x/"+container+"/0"
						hostFiles(t, dir, "volumes/"+token+"/file", part+"/")
						mountOn(t, filepath.Join(dir, "volumes", token), filepath.Join(dir, part), "", unix.MS_BIND)
						return cri.HostPath(filepath.Join(dir, part), "/data", true)
					}},
					found:   []string{"service account token at /data not allowed"},
					changes: []string{"mounts"},
					stops:   []string{"test -e /data/file"},
					check:   gone,
				},
				{
					container: container{name: "named", config: "volumes: [own]", late: elsewhere},
					found:     []string{"service account token at /data, /own not allowed"},
					changes:   []string{"mounts"},
					stops:     []string{"test -e /data/file", "test -e /own/file"},
				},
				{
					// What it hides of the volume must not be seen instead.
					container: container{name: "in-volume", late: func(t *testing.T, pod *cri.Sandbox, container string) cri.ContainerOption {
						t.Helper()
						volume, last := volumes(n, map[string]string{"/var/run": emptyDir})(t, pod, container), kubelets(t, pod, container)
						return func(c *api.ContainerConfig) { volume(c); last(c) }
					}},
					found: []string{"service account token at " + place + " not allowed"},
					stuck: []string{"service account token at " + place + " (inside the mount /var/run, so not removed) not allowed"},
				},
			},
			compliant: []container{{name: "other-volumes", late: volumes(n, map[string]string{"/own": own, place: emptyDir})}},
		}
	})
}

func TestRuleMountOptions(t *testing.T) {
	const (
		not      = " is not mounted nosuid, nodev, noexec"
		run      = "cp /bin/busybox /data/echo && /data/echo x"
		useNode  = "(test -e /data/null || mknod /data/null c 1 3) && echo x >/data/null"
		required = "require: [{volumeTypes: [emptyDir, shm, tmpfs], options: [nosuid, nodev, noexec]}]"
	)
	testRule(t, func(t *testing.T, n *node.Node) rule {
		dir := filepath.Join(n.Dir(), "mounts")
		hostFiles(t, dir, "file", "below/")
		mountOn(t, "tmpfs", dir+"/below", "tmpfs", unix.MS_NOSUID)
		found := []string{"emptyDir at /data" + not, "shm at /dev/shm" + not}
		if n.Release() == build.CRIO { // in the order of the mounts
			slices.Reverse(found)
		}
		return rule{
			name: "mountOptions", early: true,
			breaking: []breach{
				{
					container: container{name: "empty-dir", config: required, late: volumes(n, map[string]string{"/data": emptyDir}),
						options: []cri.ContainerOption{cri.Capabilities([]string{"MKNOD"}, nil)}}, // CRI-O does not give it by default
					found:   found,
					changes: []string{"mounts"},
					stops:   []string{run, useNode},
					works:   []string{"touch /data/x", run + "; test $? = 126"},
					check: func(t *testing.T, c running) {
						hasMount(t, c, "/data", "", "rw", "nosuid", "nodev", "noexec")
						hasMount(t, c, "/dev/shm", "", "nosuid", "nodev", "noexec")
					},
				},
				{
					container: container{name: "read-only", config: "require: [{paths: [/data], options: [ro]}]", options: hostPath(dir)},
					found:     []string{"hostPath at /data is not mounted ro"},
					changes:   []string{"mounts"},
					stops:     []string{"touch /data/x"},
					works:     []string{"cat /data/file", "touch /data/below/x"},
				},
				{
					container: container{name: "all-below", config: `require: [{paths: ["/data/**"], options: [rro, rnoexec]}]`, options: hostPath(dir)},
					found:     []string{"hostPath at /data is not mounted rro, rnoexec"},
					changes:   []string{"mounts"},
					stops:     []string{"touch /data/x", "touch /data/below/x", "cp /bin/busybox /data/below/echo; /data/below/echo x"},
					works:     []string{"cat /data/file"},
				},
			},
			compliant: []container{
				{name: "read-only-already", config: "require: [{volumeTypes: [hostPath], options: [ro]}]",
					options: []cri.ContainerOption{cri.HostPath(dir, "/data", true)}},
			},
		}
	})
}
