package cluster

import (
	"fmt"

	"github.com/specguard/specguard/e2e/build"
)

// containerd is the engine of a node that runs containerd.
type containerd struct {
	options Options
	overlay bool
}

const containerdConfig = "/etc/containerd/config.toml"

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

func (c containerd) files() map[string]string {
	return map[string]string{
		containerdConfig: fmt.Sprintf(containerdText, c.snapshotter(), pauseImage, build.CNI, c.options.Runc),
	}
}

func (c containerd) command() []string {
	return []string{c.options.Programs.Daemon, "--config", containerdConfig}
}

func (containerd) socket() string { return "/run/containerd/containerd.sock" }

// imports is one import: containerd knows formats and names by itself.
func (c containerd) imports(_, archive string, _ []string) [][]string {
	return [][]string{{c.options.Programs.Ctr, "--namespace=k8s.io", "images", "import",
		"--local", "--snapshotter=" + c.snapshotter(), archive}}
}

func (c containerd) snapshotter() string {
	if c.overlay {
		return "overlayfs"
	}
	return "native"
}
