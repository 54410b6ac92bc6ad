package guest_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/image"
)

const (
	socket     = "/run/containerd/containerd.sock"
	pauseImage = "registry.example.com/pause:1"
	appImage   = "registry.example.com/team/app:1"
	kubeletDir = "/var/lib/kubelet"
)

// containerdConfig is as a node has it, but for NRI's timeouts: this machine is
// slow.
const containerdConfig = `version = 3
imports = ['/etc/containerd/conf.d/*.toml']

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '` + pauseImage + `'

[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ['/usr/lib/cni']

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'

[plugins.'io.containerd.nri.v1.nri']
  plugin_request_timeout = '30s'
  plugin_registration_timeout = '60s'
`

// A node is this machine, with containerd.
type node struct {
	cri  *cri.Client
	pods map[string]*pod
}

// A pod is kept until the machine is switched off: removing it takes longer than
// making it.
type pod struct {
	*cri.Sandbox
	containers int
}

// startNode starts containerd, with more of a configuration, and gives it the
// images.
func startNode(t *testing.T, config string) *node {
	t.Helper()
	write(t, "/etc/containerd/config.toml", containerdConfig+config)
	shell(t, "systemctl start containerd")
	n := connect(t)
	archive, err := os.Create("/var/lib/e2e/images.tar")
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	if err := image.Write(archive, "/bin/busybox", image.Pause(pauseImage), image.Image{Name: appImage}); err != nil {
		t.Fatal(err)
	}
	shell(t, "ctr -n k8s.io images import --local "+archive.Name())
	n.ready(t)
	return n
}

// connect connects to a containerd that has been started.
func connect(t *testing.T) *node {
	t.Helper()
	client, err := cri.Dial(socket, cri.Layout{
		CgroupParent: "/kubepods", LogRoot: "/var/log/pods", SpecFile: func(string) string { return "" }, KubeletDir: kubeletDir,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &node{cri: client, pods: map[string]*pod{}}
}

func (n *node) ready(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		err := n.cri.Ready(t.Context(), pauseImage, appImage)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// restart restarts containerd.
func (n *node) restart(t *testing.T) {
	t.Helper()
	shell(t, "systemctl restart containerd")
	n.ready(t)
}

// pod returns the pod of a namespace and a kind, which is made once.
func (n *node) pod(t *testing.T, namespace, kind string, options ...cri.PodOption) *pod {
	t.Helper()
	key := namespace + "/" + kind
	if p := n.pods[key]; p != nil {
		return p
	}
	config := n.cri.Pod("pod", append([]cri.PodOption{cri.Namespace(namespace)}, options...)...)
	sandbox, err := n.cri.RunPod(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	n.pods[key] = &pod{Sandbox: sandbox}
	return n.pods[key]
}

// run runs a container that does nothing.
func (n *node) run(t *testing.T, namespace, kind string, pod []cri.PodOption, options ...cri.ContainerOption) (*cri.Running, error) {
	t.Helper()
	p := n.pod(t, namespace, kind, pod...)
	p.containers++
	return p.Run(t.Context(), cri.Container(fmt.Sprintf("main-%d", p.containers), appImage, []string{"sleep", "6000"}, options...))
}
