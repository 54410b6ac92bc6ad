package doctor

import (
	"context"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/specguard/specguard/internal/hostfile"
)

// checkCgroups reports the version of cgroups. The kubelet's failCgroupV1 is on by
// default since Kubernetes 1.35 (KEP-5573).
func checkCgroups(_ context.Context, n *Node) []Finding {
	const advice = "move the node to cgroup v2: since Kubernetes 1.35 the kubelet refuses version 1 by default"
	dir := filepath.Join(n.kernelRoot(), "sys/fs/cgroup")
	kind, err := n.statfs(dir)
	if err != nil {
		return []Finding{warning("mount cgroups, or the host's /sys into the agent's container", "cannot see cgroups at /sys/fs/cgroup: %v",
			hostfile.Named("/sys/fs/cgroup", err))}
	}
	if kind == unix.CGROUP2_SUPER_MAGIC {
		return []Finding{ok("cgroup v2")}
	}
	if kind, err := n.statfs(filepath.Join(dir, "unified")); err == nil && kind == unix.CGROUP2_SUPER_MAGIC {
		return []Finding{warning(advice, "cgroup v1, with v2 beside it (hybrid)")}
	}
	if kind == unix.TMPFS_MAGIC {
		return []Finding{warning(advice, "cgroup v1")}
	}
	return []Finding{warning("mount cgroups at /sys/fs/cgroup", "no cgroups at /sys/fs/cgroup")}
}

// kernelRoot is where /proc and /sys are seen.
func (n *Node) kernelRoot() string {
	if n.Root == "" {
		return "/"
	}
	return n.Root
}
