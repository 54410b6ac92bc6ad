package k8s_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/specguard/specguard/e2e/build"
)

// run runs a shell script on the node, in a test's cleanup too.
func (g guarded) run(t *testing.T, script string) string {
	t.Helper()
	out, err := g.node.Run(context.WithoutCancel(t.Context()), script)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// pids is a shell command that prints the ids of the processes of a name.
func pids(name string) string {
	return "grep -lsx " + name + " /proc/[0-9]*/comm | cut -d/ -f3"
}

// agents are the ids of the agents that run on the node.
func (g guarded) agents(ctx context.Context) ([]string, error) {
	out, err := g.node.Run(ctx, pids("specguard"))
	return strings.Fields(out), err
}

// agentGone waits until no agent runs.
func (g guarded) agentGone(t *testing.T) {
	t.Helper()
	eventually(t, func() error {
		pids, err := g.agents(context.WithoutCancel(t.Context()))
		if err == nil && len(pids) > 0 {
			err = fmt.Errorf("agents run: %q", pids)
		}
		return err
	})
}

// restartRuntime ends the container runtime as a service manager does, which
// starts it again, and waits until the node and its agent work with it.
// Containers run on.
func (g guarded) restartRuntime(t *testing.T) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	daemon := "containerd"
	if g.isCRIO() {
		daemon = "crio"
	}
	before := g.run(t, pids(daemon))
	// What runs the script goes with the runtime's connections.
	g.run(t, "(sleep 0.5; kill $("+pids(daemon)+")) >/dev/null 2>&1 &")
	eventually(t, func() error {
		now, err := g.node.Run(ctx, pids(daemon))
		if err == nil && (now == before || now == "") {
			err = fmt.Errorf("the container runtime is process %q, and was %q", now, before)
		}
		return err
	})
	g.connected(t)
}

// connected waits until the agent is connected to NRI, if there is one.
func (g guarded) connected(t *testing.T) {
	t.Helper()
	eventually(t, func() error {
		pod := g.agentPod(t)
		if pod == "" {
			return nil
		}
		value, err := g.metric(t, pod, "specguard_connected")
		if err == nil && value != "1" {
			err = errors.New("the agent is not connected to NRI")
		}
		return err
	})
}

// agentPod is the name of the agent's pod on the node, if there is one.
func (g guarded) agentPod(t *testing.T) string {
	t.Helper()
	return g.ofAgent(t, "{.items[*].metadata.name}")
}

// ofAgent is what a template of jsonpath tells of the agent's pod on the node.
func (g guarded) ofAgent(t *testing.T, template string) string {
	t.Helper()
	return g.kubectl(t, "--namespace="+system, "get", "pod", "--selector=app.kubernetes.io/name=specguard",
		"--field-selector=spec.nodeName="+g.node.Name, "--output=jsonpath="+template)
}

// metric is the value of an agent's metric that has no labels.
func (g guarded) metric(t *testing.T, pod, name string) (string, error) {
	t.Helper()
	metrics, err := g.Kubectl(context.WithoutCancel(t.Context()), "get",
		fmt.Sprintf("--raw=/api/v1/namespaces/%s/pods/%s:9464/proxy/metrics", system, pod))
	if err != nil {
		return "", err
	}
	_, rest, _ := strings.Cut(metrics, "\n"+name+" ")
	value, _, _ := strings.Cut(rest, "\n")
	if value == "" {
		return "", fmt.Errorf("no %s in %s", name, metrics)
	}
	return value, nil
}

// takeBackWrapper is what an operator does to a node when the agents no longer
// install the wrapper on it. What was made with the wrapper needs it to stop.
func (g guarded) takeBackWrapper(t *testing.T, made ...string) {
	t.Helper()
	_ = g.uninstallWrapper(t) // it keeps the wrapper: the runtime has to be restarted
	g.restartRuntime(t)
	g.restartAgent(t)
	for _, namespace := range made {
		g.kubectl(t, "delete", "namespace", namespace, "--ignore-not-found")
	}
	eventually(t, func() error { return g.uninstallWrapper(t) })
}

// uninstallWrapper takes the wrapper off the node, from a pod that kubectl
// makes for it, and waits until that has ended.
func (g guarded) uninstallWrapper(t *testing.T) error {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	out := g.kubectl(t, "debug", "node/"+g.node.Name, "--namespace=kube-system", "--profile=sysadmin", "--image="+build.ImageName,
		"--", "/usr/local/bin/specguard", "uninstall", "--root", "/host", "--purge")
	_, rest, _ := strings.Cut(out, "Creating debugging pod ")
	pod, _, found := strings.Cut(rest, " ")
	if !found {
		t.Fatalf("kubectl debug says %q", out)
	}
	defer g.kubectl(t, "--namespace=kube-system", "delete", "pod/"+pod)
	var phase string
	eventually(t, func() error {
		phase = g.kubectl(t, "--namespace=kube-system", "get", "pod/"+pod, "--output=jsonpath={.status.phase}")
		if phase != "Succeeded" && phase != "Failed" {
			return fmt.Errorf("pod %s is %s", pod, phase)
		}
		return nil
	})
	if phase == "Succeeded" {
		return nil
	}
	log, err := g.Kubectl(ctx, "--namespace=kube-system", "logs", pod)
	return errors.Join(fmt.Errorf("specguard uninstall failed: %s", log), err)
}
