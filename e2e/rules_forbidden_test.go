package e2e_test

import (
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

// forbiddenRows adds paths that are forbidden, by whatever way a mount gets at them.
func forbiddenRows(t *testing.T, n *node.Node, dir string, r *rule) {
	t.Helper()
	hostFiles(t, dir, "again/", "free/file", "holds/in/")
	secret := dir + "/secret"
	mountOn(t, secret, dir+"/again", "", unix.MS_BIND)
	mountOn(t, secret, dir+"/holds/in", "", unix.MS_BIND)
	forbidden := "forbidden: [RuntimeSockets, " + secret + "]"
	row := func(name, path, why, see string) breach {
		return removed("forbidden-"+name, forbidden, path,
			"host path "+path+" at /data is not allowed: "+why+" (allowed: all but RuntimeSockets, "+secret+")", see)
	}
	socket := n.NRISocket() // which the agent knows, whatever opens seals
	shows := "it shows files of the forbidden " + secret
	r.breaking = append(r.breaking,
		row("path", secret, "it is the forbidden "+secret, "cat /data/file"),
		row("file", secret+"/file", "it is in the forbidden "+secret, "cat /data"),
		row("bind", dir+"/again", shows, "cat /data/file"),
		row("below", dir+"/holds", shows, "cat /data/in/file"),
		removed("forbidden-socket", forbidden, socket, "host path "+socket+" (the container runtime's own) at /data is not allowed: it is the forbidden "+socket+
			" (RuntimeSockets) (allowed: all but RuntimeSockets, "+secret+")", "test -S /data"),
	)
	shared := cri.Mount(&api.Mount{HostPath: dir + "/shared", ContainerPath: "/data", Propagation: api.MountPropagation_PROPAGATION_BIDIRECTIONAL})
	r.compliant = append(r.compliant,
		container{name: "forbidden-others", config: forbidden, options: hostPath(dir + "/free")},
		container{name: "forbidden-not-shared", config: forbidden, options: []cri.ContainerOption{shared}},
	)
}

// TestHostPathsForbiddenInSubPath has what is forbidden in a subPath of a volume, which a kubelet mounts in
// the pod's folder first, and where a container has made a link.
func TestHostPathsForbiddenInSubPath(t *testing.T) {
	eachNode(t, func(t *testing.T, n *node.Node) {
		dir := filepath.Join(n.Dir(), "forbidden")
		hostFiles(t, dir, "secret/file", "free/file", "work/flip/")
		g := startRig(t, n, rigOptions{policies: policyText("p", "{namespaces: [forbidden]}", "enforce",
			"rules: {hostPaths: {forbidden: [RuntimeSockets, "+dir+"/secret]}}")})
		pod := g.runPod(t, "forbidden")
		root := filepath.Join(n.KubeletDir(), "pods", pod.Config.Metadata.Uid, "volume-subpaths/v")
		sub := func(container, folder string) string {
			hostFiles(t, root, container+"/0/")
			target := filepath.Join(root, container, "0")
			mountOn(t, folder, target, "", unix.MS_BIND)
			return target
		}
		refused(t, pod, "sub", sub("sub", dir+"/secret"), "it shows files of the forbidden "+dir+"/secret")
		refused(t, pod, "around", sub("around", n.Dir()), "it shows files of the forbidden ")
		swap(t, pod, dir+"/work", "flip")
		refused(t, pod, "link", dir+"/work/flip", "it contains the forbidden /run/containerd (RuntimeSockets)")
		refused(t, pod, "link-to-socket", dir+"/work/flip"+n.NRISocket(), "it is the forbidden "+n.NRISocket()+" (RuntimeSockets)")
		c, err := pod.Run(t.Context(), cri.Container("free", node.AppImage, []string{"sleep", "600"}, hostPath(sub("free", dir+"/free"))...))
		if err != nil {
			t.Fatal(err)
		}
		if out, err := c.Exec(t.Context(), "cat", "/data/file"); err != nil {
			t.Errorf("%s %v", out, err)
		}
	})
}
