package guest_test

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/cri"
)

// hostCgroup is where a process of the node is.
const hostCgroup = "/host.slice"

// hostProcess starts a process of the node's own that does nothing.
func hostProcess(t *testing.T) int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sleep", "6000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	moveBack(t, cmd.Process.Pid)
	return cmd.Process.Pid
}

func moveBack(t *testing.T, pid int) {
	t.Helper()
	shell(t, fmt.Sprintf("mkdir -p /sys/fs/cgroup%s && echo %d >/sys/fs/cgroup%s/cgroup.procs", hostCgroup, pid, hostCgroup))
	if got := cgroupOf(t, pid); got != hostCgroup {
		t.Fatalf("the node's process is in the cgroup %s", got)
	}
}

// cgroupOf is the cgroup of a process, as the kernel says.
func cgroupOf(t *testing.T, pid int) string {
	t.Helper()
	return strings.TrimPrefix(strings.TrimSpace(read(t, fmt.Sprintf("/proc/%d/cgroup", pid))), "0::")
}

// cgroupFiles has containers name files of cgroup version 2 that are no limits:
// an OCI runtime writes them, and takes a process of the node into the container's
// cgroup, where the container's limits hold for it and killing it does too.
func (n *node) cgroupFiles(t *testing.T) {
	pid := hostProcess(t)
	takes := resources(64*mebi, map[string]string{"cgroup.procs": strconv.Itoa(pid)})
	c, err := n.run(t, "free", "", nil, takes)
	if err != nil {
		t.Fatalf("without a policy: %v", err)
	}
	if got := cgroupOf(t, pid); !strings.Contains(got, c.ID) {
		t.Errorf("without a policy the node's process is in the cgroup %s, not in that of the container", got)
	}
	moveBack(t, pid)
	inside := []cri.PodOption{cri.PodNetwork()}
	_, err = n.run(t, "cgroup-baseline", "network", inside, cri.InPodNetwork(), takes)
	if err == nil || !strings.Contains(err.Error(), "cgroupsPath: cgroup file cgroup.procs is set") {
		t.Errorf("under baseline: %v", err)
	}
	if got := cgroupOf(t, pid); got != hostCgroup {
		t.Errorf("under baseline the node's process is in the cgroup %s", got)
	}
	c, err = n.run(t, "cgroup-baseline", "network", inside, cri.InPodNetwork(), resources(64*mebi, nil))
	if err != nil {
		t.Fatal(err)
	}
	err = c.UpdateResources(t.Context(), &api.LinuxContainerResources{Unified: map[string]string{"cgroup.procs": strconv.Itoa(pid)}})
	if err == nil || !strings.Contains(err.Error(), "cgroup file cgroup.procs is set") {
		t.Errorf("an update under baseline: %v", err)
	}
	if got := cgroupOf(t, pid); got != hostCgroup {
		t.Errorf("after an update under baseline the node's process is in the cgroup %s", got)
	}
}
