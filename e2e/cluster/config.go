package cluster

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
)

// Files on the node, where kubeadm and Debian's packages put them.
const (
	networkConfig = "/etc/cni/net.d/10-pods.conflist"
	kubeletConfig = "/var/lib/kubelet/config.yaml"
)

// Networks that only the cluster has.
const (
	podNetwork     = "10.98.0.0/24"
	serviceNetwork = "10.96.0.0/16"
)

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
		networkConfig: fmt.Sprintf(networkText, podNetwork),
		kubeletConfig: fmt.Sprintf(kubeletText, c.scope.Cgroup(), c.engine.socket(), staticPods, nodeAddress, pki("ca.crt")),
	}
	maps.Copy(files, c.engine.files())
	for path, content := range files {
		if err := c.writeFile(path, []byte(content)); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(c.path(staticPods), 0o755); err != nil {
		return fmt.Errorf("write on the node: %w", err)
	}
	if err := c.linkRuntime(); err != nil {
		return err
	}
	return c.writeKeys()
}

// linkRuntime puts the container runtime's programs where the node finds them.
func (c *Cluster) linkRuntime() error {
	programs, err := filepath.Glob(c.options.Programs.Dir + "/*")
	if err != nil {
		return fmt.Errorf("link the container runtime: %w", err)
	}
	for _, program := range programs {
		if err := os.Symlink(program, filepath.Join(c.path("/usr/local/bin"), filepath.Base(program))); err != nil {
			return fmt.Errorf("link the container runtime: %w", err)
		}
	}
	return nil
}
