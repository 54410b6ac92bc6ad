package k8s_test

import (
	"strings"
	"testing"
)

func TestAgentRunsWithoutCapabilities(t *testing.T) {
	g := guard(t)
	counts := strings.Fields(g.kubectl(t, "--namespace="+system, "get", daemonSet,
		"--output=jsonpath={.status.desiredNumberScheduled} {.status.numberReady}"))
	if len(counts) != 2 || counts[0] == "0" || counts[0] != counts[1] {
		t.Errorf("desired and ready pods: %s", counts)
	}
	opener := "containerd"
	if g.isCRIO() {
		opener = "runtime"
	}
	if log := g.kubectl(t, "--namespace="+system, "logs", g.agentPod(t)); !strings.Contains(log, `"opener":"`+opener+`"`) {
		t.Errorf("the agent does not open seals by %s: %s", opener, log)
	}
	status := g.agentStatus(t)
	for _, line := range []string{"Uid:\t0\t0\t0\t0", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000",
		"CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"} {
		if !strings.Contains(status, line+"\n") {
			t.Errorf("no line %q in:\n%s", line, status)
		}
	}
}

// agentStatus is what the kernel says of the agent's process.
func (g guarded) agentStatus(t *testing.T) string {
	t.Helper()
	pids, err := g.agents(t.Context())
	if err != nil || len(pids) != 1 {
		t.Fatalf("processes of agents: %q, %v", pids, err)
	}
	return g.run(t, "cat /proc/"+pids[0]+"/status")
}
