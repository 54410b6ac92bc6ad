package cluster

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/scope"
)

// Files on the node, where kubeadm and Debian's packages put them.
const (
	containerdConfig = "/etc/containerd/config.toml"
	networkConfig    = "/etc/cni/net.d/10-pods.conflist"
	kubeletConfig    = "/var/lib/kubelet/config.yaml"
)

// Networks that only the cluster has.
const (
	podNetwork     = "10.98.0.0/24"
	serviceNetwork = "10.96.0.0/16"
)

const containerdText = `version = 3
imports = ["/etc/containerd/conf.d/*.toml"]
[plugins.'io.containerd.cri.v1.images']
snapshotter = %q
pinned_images = {sandbox = %q}
[plugins.'io.containerd.cri.v1.runtime']
restrict_oom_score_adj = true
cni = {bin_dirs = [%q], conf_dir = "/etc/cni/net.d"}
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
options = {BinaryName = %q, SystemdCgroup = false}
`

const networkText = `{"cniVersion": "1.0.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true, "ipam": {
    "type": "host-local", "ranges": [[{"subnet": %q}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}
]}
`

const kubeletText = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: cgroupfs
cgroupRoot: /%s
containerRuntimeEndpoint: unix://%s
staticPodPath: %s
fileCheckFrequency: 1s
address: %s
healthzBindAddress: 127.0.0.1
clusterDNS: [10.96.0.10] # nobody answers there
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: %s}}
authorization: {mode: Webhook}
failSwapOn: false
maxPods: 250
oomScoreAdj: 0
nodeStatusUpdateFrequency: 2s
# How often a pod is looked at: a changed ConfigMap is seen then.
syncFrequency: 2s
crashLoopBackOff: {maxContainerRestartPeriod: 2s}
# The disk is the machine's, whatever is on it.
evictionHard: {memory.available: "0%%", nodefs.available: "0%%", nodefs.inodesFree: "0%%", imagefs.available: "0%%", imagefs.inodesFree: "0%%"}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
`

// configure writes the configuration and the keys of every daemon.
func (c *Cluster) configure() error {
	files := map[string]string{
		containerdConfig: fmt.Sprintf(containerdText, c.snapshotter(), PauseImage, build.CNI, c.options.Runc),
		networkConfig:    fmt.Sprintf(networkText, podNetwork),
		kubeletConfig:    fmt.Sprintf(kubeletText, c.scope.Cgroup(), socket, StaticPods, nodeAddress, pki("ca.crt")),
	}
	for path, content := range c.options.Files {
		files[path] = content
	}
	for path, content := range files {
		if err := c.writeFile(path, []byte(content)); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(c.Path(StaticPods), 0o755); err != nil {
		return fmt.Errorf("write on the node: %w", err)
	}
	if err := c.linkContainerd(); err != nil {
		return err
	}
	return c.writeKeys()
}

// linkContainerd puts containerd's programs where the node finds them.
func (c *Cluster) linkContainerd() error {
	programs, err := filepath.Glob(c.options.Programs.Dir + "/*")
	if err != nil {
		return fmt.Errorf("link containerd: %w", err)
	}
	for _, program := range programs {
		if err := os.Symlink(program, filepath.Join(c.Path("/usr/local/bin"), filepath.Base(program))); err != nil {
			return fmt.Errorf("link containerd: %w", err)
		}
	}
	return nil
}

func (c *Cluster) snapshotter() string {
	if scope.CanOverlay(c.Dir()) {
		return "overlayfs"
	}
	return "native"
}
