package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/node"
)

// attackPolicy is for a namespace and allows those paths of the host.
func attackPolicy(namespace string, paths ...string) string {
	return policyText(namespace, "{namespaces: ["+namespace+"]}", "enforce", "rules: {hostPaths: {allowed: ["+strings.Join(paths, ", ")+"]}}")
}

// refused runs a container with the host's path and wants it denied, with
// those words.
func refused(t *testing.T, pod *cri.Sandbox, name, source, words string) {
	t.Helper()
	c, err := pod.Create(t.Context(), cri.Container(name, node.AppImage, []string{"sleep", "600"}, hostPath(source)...))
	if err == nil {
		err = c.Start(t.Context())
	}
	if err == nil || !strings.Contains(err.Error(), "specguard: denied by policy") || !strings.Contains(err.Error(), words) {
		t.Errorf("%s: %v, want %q", source, err, words)
	}
}

// swap runs a container that has the folder and puts a link to the host's root
// in the place of a name in it.
func swap(t *testing.T, pod *cri.Sandbox, folder, name string) {
	t.Helper()
	if _, err := pod.Run(t.Context(), cri.Container("swaps", node.AppImage,
		[]string{"/bin/sh", "-c", "rmdir /data/" + name + "; ln -s / /data/" + name + "; sleep 600"}, hostPath(folder)...)); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(folder, name)
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if to, err := os.Readlink(link); err == nil && to == "/" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s is no link", link)
		}
	}
}

// TestHostPathsMadeByContainers has containers make links and folders where they
// may write, for other containers to mount.
func TestHostPathsMadeByContainers(t *testing.T) {
	eachNode(t, func(t *testing.T, n *node.Node) {
		dir := filepath.Join(n.Dir(), "attack")
		hostFiles(t, dir, "one/sock/", "two/sock/", "two/other/file")
		g := startRig(t, n, rigOptions{policies: attackPolicy("volumes") +
			attackPolicy("one-policy", "{path: "+dir+"/one}", "{path: "+dir+"/one/sock}") +
			attackPolicy("writes", "{path: "+dir+"/two}") +
			attackPolicy("reads", "{path: "+dir+"/two/sock, readOnly: true}", "{path: "+dir+"/two/other}")})

		// A folder in the pod's own volume is no volume, be it a link or not.
		pod := g.runPod(t, "volumes")
		volume := filepath.Join(n.KubeletDir(), "pods", pod.Config.Metadata.Uid, "volumes/kubernetes.io~empty-dir/x")
		hostFiles(t, volume, "d/", "e/")
		refused(t, pod, "folder", volume+"/d", "host path "+volume+"/d (the kubelet's own) at /data is not allowed (allowed: none)")
		swap(t, pod, volume, "d")
		refused(t, pod, "link", volume+"/d", "at /data is not allowed")
		refused(t, pod, "beside", volume+"/e", "at /data is not allowed")

		// An allowed path became a link in another one.
		pod = g.runPod(t, "one-policy")
		stray := func(folder string) string {
			return fmt.Sprintf("the allowed path %[1]s/sock leads through the link %[1]s/sock in %[1]s, where containers may write", folder)
		}
		swap(t, pod, dir+"/one", "sock")
		refused(t, pod, "root", "/", stray(dir+"/one"))
		refused(t, pod, "by-link", dir+"/one/sock", stray(dir+"/one"))

		// Another policy's path is writable, for other containers.
		swap(t, g.runPod(t, "writes"), dir+"/two", "sock")
		pod = g.runPod(t, "reads")
		refused(t, pod, "root", "/", stray(dir+"/two"))
		c, err := pod.Run(t.Context(), cri.Container("legitimate", node.AppImage, []string{"sleep", "600"}, hostPath(dir+"/two/other")...))
		if err != nil {
			t.Fatal(err)
		}
		if out, err := c.Exec(t.Context(), "cat", "/data/file"); err != nil {
			t.Errorf("%s %v", out, err)
		}
	})
}
