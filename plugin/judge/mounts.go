package judge

import (
	"errors"
	"fmt"
	"strings"

	"github.com/specguard/specguard/plugin/mounts"
	"github.com/specguard/specguard/plugin/wrapperapi"
	"github.com/specguard/specguard/policy"
)

// Kernel shows what is mounted. It must be safe for concurrent use.
type Kernel interface {
	// Mounts returns the mounts of the node, by the host's paths.
	Mounts() (mounts.Table, error)

	// MountsOf returns the mounts that a process of the node sees, relative to the process's
	// root. If the process has ended, that is an error.
	MountsOf(pid uint32) (mounts.Table, error)
}

// errOldHook: the hook did not send the container's mounts.
var errOldHook = errors.New("specguard-runtime on this host is older than the agent and does not report what is mounted: install " +
	"this version of it (specguard install)")

// unverified returns why the mounts of a runtime's containers cannot be compared with what
// was judged; "" if they can. runtime is containerd's name for it; "" if the OCI runtime
// runs the hook that sends the mounts.
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

// MountsUnverified returns why the mounts of containers are not compared with what was
// judged; "" if they are compared.
func (j *Judge) MountsUnverified() string { return j.unverified("") }

// mountsIn returns the mounts that a hook has sent. If there are none below the root
// filesystem, the OCI runtime makes them out of sight, as in a virtual machine; then why
// says so.
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

// compare returns the differences between what is mounted in a container and what was
// judged. rootfs finds the container's root filesystem in the node's mounts.
func (j *Judge) compare(judged *policy.JudgedMounts, rootfs func(mounts.Table) string, container mounts.Table) ([]policy.Violation, error) {
	node, err := j.Node.Kernel.Mounts()
	if err != nil {
		return nil, fmt.Errorf("read what is mounted on the node: %w", err)
	}
	return mounts.Compare(judged, rootfs(node), node, container), nil
}
