package e2e_test

import (
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

// mounting mounts a path of the host with a propagation.
func mounting(host, container string, readOnly bool, p api.MountPropagation) cri.ContainerOption {
	return cri.Mount(&api.Mount{HostPath: host, ContainerPath: container, Readonly: readOnly, Propagation: p})
}

// TestHostMountsOfOrdinaryPods starts pods as a node has them, of whose host
// paths and file systems of the kernel none is another than was judged.
func TestHostMountsOfOrdinaryPods(t *testing.T) {
	const private, both = api.MountPropagation_PROPAGATION_PRIVATE, api.MountPropagation_PROPAGATION_BIDIRECTIONAL
	test := func(t *testing.T, n *node.Node, verify bool) {
		dir := filepath.Join(n.Dir(), "ordinary")
		hostFiles(t, dir, "file", "logs/pods/log", "on/", "csi/")
		l, err := net.Listen("unix", filepath.Join(dir, "sock"))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		mountOn(t, dir+"/logs", dir+"/on", "", unix.MS_BIND)
		mountOn(t, "none", dir+"/on", "tmpfs", 0) // over it
		mountOn(t, "none", dir+"/csi", "tmpfs", 0)
		if err := unix.Mount("", dir+"/csi", "", unix.MS_SHARED, ""); err != nil {
			t.Fatal(err)
		}
		hostFiles(t, dir, "csi/volume/")
		mountOn(t, "none", dir+"/csi/volume", "tmpfs", 0)
		allowed := []string{"{path: /, propagation: Bidirectional}", "{path: " + dir + ", propagation: Bidirectional}"}
		g := startRig(t, n, rigOptions{policies: attackPolicy("ordinary", allowed...), verify: verify})
		for name, c := range map[string]struct {
			pod       []cri.PodOption
			container []cri.ContainerOption
		}{
			"node-exporter": {
				pod: []cri.PodOption{cri.HostNamespaces(true, false)},
				container: []cri.ContainerOption{
					cri.ShareNamespaces(true, false), mounting("/", "/host", true, private),
					cri.HostPath("/sys", "/host/sys", true), cri.HostPath("/proc", "/host/proc", true),
				},
			},
			"csi-driver": {
				pod: []cri.PodOption{cri.PrivilegedPod()},
				container: []cri.ContainerOption{
					cri.Privileged(), mounting(dir+"/csi", dir+"/csi", false, both), cri.HostPath("/dev", "/dev", false), cri.HostPath("/sys", "/sys", false),
				},
			},
			"log-collector": {container: []cri.ContainerOption{
				cri.HostPath(dir+"/logs", "/var/log", false), cri.HostPath(dir+"/logs/pods", "/var/log/pods", true), cri.HostPath(dir+"/file", "/file", true),
				cri.HostPath(dir+"/sock", "/run/app/sock", false), cri.HostPath(dir+"/on", "/on", false),
			}},
			"host-ipc": {
				pod:       []cri.PodOption{cri.HostNamespaces(true, true)},
				container: []cri.ContainerOption{cri.ShareNamespaces(true, true), cri.HostPath(dir+"/logs", "/logs", false)},
			},
		} {
			pod := g.runPod(t, "ordinary", c.pod...)
			// Of the node's whole table something may go while it is copied.
			var err error
			for i := range 10 {
				if _, err = pod.Run(t.Context(), cri.Container(fmt.Sprint(name, i), node.AppImage, []string{"sleep", "600"}, c.container...)); err == nil {
					break
				}
				t.Logf("%s: %v", name, err)
				pause(t.Context(), 300*time.Millisecond)
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	// One after the other: what the others mount and unmount would come and go.
	for _, release := range guardedReleases {
		t.Run(release.String(), func(t *testing.T) { test(t, shared.Node(t, release), false) })
	}
	for _, release := range wrappedReleases {
		t.Run(release.String()+" wrapped", func(t *testing.T) { test(t, shared.Wrapped(t, release), false) })
	}
	t.Run(build.CRIO.String()+" verified", func(t *testing.T) { test(t, shared.Node(t, build.CRIO), true) })
}
