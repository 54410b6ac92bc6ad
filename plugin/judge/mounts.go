package judge

import (
	"errors"
	"fmt"
	"strings"

	"github.com/specguard/specguard/plugin/mounts"
	"github.com/specguard/specguard/plugin/wrapperapi"
	"github.com/specguard/specguard/policy"
)

// Kernel shows what is mounted. Its methods may be called at the same time.
type Kernel interface {
	// Mounts are those of the node, by the host's paths.
	Mounts() (mounts.Table, error)

	// MountsOf are those that a process of the node sees, from its own root. A process that
	// has ended is an error.
	MountsOf(pid uint32) (mounts.Table, error)
}

// errOldHook is about a hook that does not send the container's mounts.
var errOldHook = errors.New("specguard-runtime on this host is older than the agent and does not report what is mounted: install " +
	"this version of it (specguard install)")

// unverified says why what is mounted in the containers of a runtime cannot be
// compared with what was judged; "" if it can. runtime is as containerd names
// it, "" where the OCI runtime runs the hook that tells what is mounted.
func (j *Judge) unverified(runtime string) string {
	switch {
	case j.Node.Kernel == nil:
		return "the agent does not see the host's files (host.root)"
	case runtime != "" && !strings.HasPrefix(runtime, "io.containerd.runc."):
		return fmt.Sprintf("the node does not see the mounts that runtime %s makes", runtime)
	default:
		return ""
	}
}

// MountsUnverified says why what is mounted in containers is not compared with what
// was judged; "" if it is.
func (j *Judge) MountsUnverified() string { return j.unverified("") }

// mountsIn are the mounts of the container that a hook has sent. Where there
// is none at all below the root filesystem, the OCI runtime makes them out of
// sight, such as in a virtual machine; why says so then.
func (j *Judge) mountsIn(req *wrapperapi.Request) (table mounts.Table, why string, err error) {
	why = j.unverified("")
	switch {
	case why != "" || req.Root == "":
		return nil, why, nil
	case len(req.Mounts) == 0:
		return nil, "this OCI runtime shows no process of the container that has mounts of its own", nil
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
// rootfs finds, in what is mounted on the node, where its root filesystem is.
func (j *Judge) compare(judged *policy.JudgedMounts, rootfs func(mounts.Table) string, container mounts.Table) ([]policy.Violation, error) {
	node, err := j.Node.Kernel.Mounts()
	if err != nil {
		return nil, fmt.Errorf("read what is mounted on the node: %w", err)
	}
	return mounts.Compare(judged, rootfs(node), node, container), nil
}
