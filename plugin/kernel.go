package plugin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/specguard/specguard/plugin/mounts"
	"github.com/specguard/specguard/plugin/wrapperapi"
	"github.com/specguard/specguard/policy"
)

// Kernel tells what is mounted.
type Kernel interface {
	// Mounts are those of the node, by the host's paths.
	Mounts() (mounts.Table, error)

	// MountsOf are those that a process of the node sees, from its own root.
	MountsOf(pid uint32) (mounts.Table, error)
}

// Processes is a SpecStore that knows the processes of containers.
type Processes interface {
	// Process is the first process of a created container, by the node's ids.
	Process(ctx context.Context, id string) (pid uint32, err error)
}

// errOldHook is about a hook that does not bring the container's mounts.
var errOldHook = errors.New("specguard-runtime on this host is older than the agent and does not tell what is mounted: install this version of it (specguard install)")

// unverified says why what is mounted in the containers of a runtime cannot be
// compared with what was judged; "" if it can. runtime is as containerd names
// it, "" where the OCI runtime runs the hook that tells what is mounted.
func (p *Plugin) unverified(runtime string) string {
	switch {
	case p.Kernel == nil:
		return "the agent does not see the host's files (host.root)"
	case runtime != "" && !strings.HasPrefix(runtime, "io.containerd.runc."):
		return fmt.Sprintf("the node does not see the mounts that runtime %s makes", runtime)
	default:
		return ""
	}
}

// mountsIn are the mounts of the container that a hook has brought. Where there
// is none at all below the root filesystem, the OCI runtime makes them out of
// sight, such as in a virtual machine; why says so then.
func (p *Plugin) mountsIn(req *wrapperapi.Request) (table mounts.Table, why string, err error) {
	why = p.unverified("")
	switch {
	case why != "" || req.Root == "":
		return nil, why, nil
	case len(req.Mounts) == 0:
		return nil, "this OCI runtime tells no process of the container that has mounts of its own", nil
	}
	all, err := mounts.Parse(req.Mounts)
	if err != nil {
		return nil, "", err
	}
	if table = all.Below(req.Root); len(table) == 0 {
		return nil, "the node does not see the mounts that this OCI runtime makes", nil
	}
	return table, "", nil
}

// compare finds where what is mounted in a container is not what was judged.
// rootfs tells from what is mounted on the node where its root filesystem is.
func (p *Plugin) compare(judged *policy.JudgedMounts, rootfs func(mounts.Table) string, container mounts.Table) ([]policy.Violation, error) {
	node, err := p.Kernel.Mounts()
	if err != nil {
		return nil, fmt.Errorf("read what is mounted on the node: %w", err)
	}
	return mounts.Compare(judged, rootfs(node), node, container), nil
}
