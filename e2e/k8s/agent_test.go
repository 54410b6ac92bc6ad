package k8s_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAgentRunsWithoutCapabilities(t *testing.T) {
	g := guard(t)
	out := g.kubectl(t, "--namespace="+system, "get", daemonSet, "--output=jsonpath={.status.desiredNumberScheduled} {.status.numberReady}")
	if out != "1 1" {
		t.Errorf("desired and ready pods: %s", out)
	}
	if log := g.kubectl(t, "--namespace="+system, "logs", daemonSet); !strings.Contains(log, `"opener":"containerd"`) {
		t.Errorf("the agent does not open seals in containerd: %s", log)
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
	pids, err := g.agents()
	if err != nil || len(pids) != 1 {
		t.Fatalf("processes of agents: %q, %v", pids, err)
	}
	status, err := os.ReadFile(filepath.Join(pids[0], "status"))
	if err != nil {
		t.Fatal(err)
	}
	return string(status)
}

// agents are the folders in /proc of the agents that run on the node.
func (g guarded) agents() ([]string, error) {
	files, err := filepath.Glob(g.Path("/proc/[0-9]*/cmdline"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no processes at all: %w", err)
	}
	var found []string
	for _, file := range files {
		command, _ := os.ReadFile(file) // a process may end meanwhile
		if strings.HasPrefix(string(command), "/usr/local/bin/specguard\x00run\x00") {
			found = append(found, filepath.Dir(file))
		}
	}
	return found, nil
}

// agentGone waits until no agent runs.
func (g guarded) agentGone(t *testing.T) {
	t.Helper()
	eventually(t, func() error {
		pids, err := g.agents()
		if err == nil && len(pids) > 0 {
			err = fmt.Errorf("agents run: %q", pids)
		}
		return err
	})
}
