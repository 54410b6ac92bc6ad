package e2e_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/gate"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
)

// hardening adjusts every container of team-a, and refuses what mounts a host
// path.
const hardening = `
apiVersion: specguard.dev/v1beta1
kind: Policy
metadata: {name: hardening}
spec:
  match: {namespaces: [team-a]}
  rules:
    capabilities: {onViolation: adjust, drop: [ALL]}
    runAsNonRoot: {onViolation: adjust}
    allowPrivilegeEscalation: {onViolation: adjust}
    readOnlyRootFilesystem: {onViolation: adjust}
    hostPaths: {onViolation: reject}
`

// hardened is what the kernel says of a container that hardening adjusted.
var hardened = cri.Truth{UID: 65532, GID: 65532, NoNewPrivs: true, RootWritable: false}

// required makes NRI refuse containers while specguard is not connected.
func required(o *node.Options) {
	o.Extra = "[" + node.NRI + ".default_validator]\nenable = true\nrequired_plugins = ['specguard']\n"
}

// guarded is a node with an agent whose calls to containerd pass a gate.
type guarded struct {
	*node.Node
	agent *agent.Agent
	gate  *gate.Gate
}

// guardedNode starts a private node, with required_plugins where its NRI knows
// that, and an agent on it.
func guardedNode(t *testing.T, release build.Release) *guarded {
	t.Helper()
	var change func(*node.Options)
	if release != build.Containerd1 {
		change = required
	}
	return guard(t, lab.Private(t, release, change))
}

// guard starts an agent on a node.
func guard(t *testing.T, n *node.Node) *guarded {
	t.Helper()
	socket := filepath.Join(n.Dir(), "gate.sock")
	g, err := gate.New(socket, n.Socket())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	a, err := agent.Start(t.Context(), n, agent.Options{
		Binary:   agentBinary(t),
		Policies: map[string]string{"hardening.yaml": hardening},
		Args:     []string{"--containerd-socket", socket},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(a.Log())
		}
	})
	return &guarded{Node: n, agent: a, gate: g}
}

func agentBinary(t testing.TB) string {
	t.Helper()
	binary, err := lab.Cache(t).Agent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// pod starts a pod in team-a that goes with the test.
func (g *guarded) pod(t *testing.T, name string) *cri.Sandbox {
	t.Helper()
	pod, err := g.CRI.RunPod(t.Context(), g.CRI.Pod(name, cri.Namespace("team-a")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pod.Remove(context.WithoutCancel(t.Context())) })
	return pod
}

func (g *guarded) create(t *testing.T, pod *cri.Sandbox, name string) (*cri.Running, error) {
	t.Helper()
	return pod.Create(t.Context(), cri.Container(name, node.AppImage, cri.TellTruth("sleep 60")))
}

// thaw lets a frozen agent go on that has missed a request. NRI may have cut it
// off then; until it notices it seems ready.
func (g *guarded) thaw(t *testing.T) {
	t.Helper()
	if err := g.agent.Thaw(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if strings.Contains(g.agent.Log(), "connection to NRI lost") {
			return
		}
	}
}

// works checks that a new container is adjusted: the agent is back.
func (g *guarded) works(t *testing.T) {
	t.Helper()
	if err := g.agent.WaitReady(t.Context()); err != nil {
		t.Fatalf("the agent does not come back: %v", err)
	}
	c, err := g.create(t, g.pod(t, "afterwards"), "main")
	if err == nil {
		err = c.Start(t.Context())
	}
	if err != nil {
		t.Fatalf("a container afterwards: %v", err)
	}
	truth, err := c.Truth(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sameTruth(t, "afterwards", truth, hardened)
}

// neverRan checks that starting the container fails with a reason, and that no
// process of it ever ran.
func neverRan(t *testing.T, c *cri.Running, reason string) {
	t.Helper()
	err := c.Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), reason) {
		t.Errorf("start: %v, want %q in it", err, reason)
	}
	if log, _ := c.Logs(); log != "" {
		t.Errorf("the container ran: %s", log)
	}
	status, err := c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if status.State == api.ContainerState_CONTAINER_RUNNING {
		t.Errorf("the container runs")
	}
}

const notJudged = "specguard: not judged"

// eachGuarded runs a test on the releases that failing closed is tested on.
func eachGuarded(t *testing.T, test func(t *testing.T, g *guarded)) {
	for _, release := range []build.Release{build.Containerd2, build.Containerd2NRI, build.Containerd1} {
		t.Run(release.String(), func(t *testing.T) {
			t.Parallel()
			test(t, guardedNode(t, release))
		})
	}
}

// createHeld creates a container while the gate keeps the agent from opening
// it: when it returns, the container is sealed and the agent waits.
func (g *guarded) createHeld(t *testing.T, pod *cri.Sandbox) <-chan *cri.Running {
	t.Helper()
	// Of a node whose agent has just connected it reads first what runs the pod's
	// containers, before it seals one.
	if _, err := g.create(t, pod, "known"); err != nil {
		t.Fatal(err)
	}
	g.gate.Set(gate.Hold)
	created := make(chan *cri.Running, 1)
	go func() {
		c, err := pod.Create(t.Context(), cri.Container("held", node.AppImage, cri.TellTruth("sleep 60")))
		if err != nil {
			t.Errorf("create: %v", err)
		}
		created <- c
	}()
	for deadline := time.Now().Add(10 * time.Second); !g.gate.Held(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the agent does not open the container")
		}
	}
	time.Sleep(300 * time.Millisecond) // the agent may have asked containerd something else first
	return created
}

func TestAgentKilledBetweenSealAndOpen(t *testing.T) {
	eachGuarded(t, func(t *testing.T, g *guarded) {
		created := g.createHeld(t, g.pod(t, "killed"))
		if err := g.agent.Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
		g.gate.Set(gate.Open)
		if c := <-created; c != nil {
			neverRan(t, c, notJudged)
		}
		if err := g.agent.Again(); err != nil {
			t.Fatal(err)
		}
		g.works(t)
	})
}

func TestAgentFrozenBetweenSealAndOpen(t *testing.T) {
	eachGuarded(t, func(t *testing.T, g *guarded) {
		created := g.createHeld(t, g.pod(t, "frozen"))
		if err := g.agent.Freeze(); err != nil {
			t.Fatal(err)
		}
		c := <-created // after NRI's request timeout
		if c != nil {
			neverRan(t, c, notJudged)
		}
		g.gate.Set(gate.Open)
		g.thaw(t)
		g.works(t)
	})
}

// TestAgentFrozen freezes the agent before the request comes. NRI 0.8 lets the
// container through then: nothing but a newer runtime helps, and the agent
// reports the container when it is back.
func TestAgentFrozen(t *testing.T) {
	eachGuarded(t, func(t *testing.T, g *guarded) {
		pod := g.pod(t, "frozen")
		if err := g.agent.Freeze(); err != nil {
			t.Fatal(err)
		}
		c, err := g.create(t, pod, "main")
		if g.Release() == build.Containerd1 {
			if err != nil {
				t.Errorf("NRI 0.8 refuses now: say so in the docs: %v", err)
			} else if err := c.Start(t.Context()); err != nil {
				t.Error(err)
			}
		} else if err == nil || !strings.Contains(err.Error(), "specguard") {
			t.Errorf("create with a frozen agent: %v", err)
		}
		g.thaw(t)
		g.works(t)
		if g.Release() == build.Containerd1 {
			g.reported(t, c.ID)
		}
	})
}

// reported waits until a container that runs against policy has been reported.
func (g *guarded) reported(t *testing.T, id string) {
	t.Helper()
	g.existing(t, id, "denied", "adjusted")
}

// existing waits until a container has been judged as one that was there, with
// one of the outcomes.
func (g *guarded) existing(t *testing.T, id string, outcomes ...any) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		lines, err := g.agent.Audit()
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lines {
			if l["stage"] == "existing" && slices.Contains(outcomes, l["outcome"]) && l["container"].(map[string]any)["id"] == id {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("container %s is not reported as %v", id, outcomes)
		}
	}
}

func TestContainerdAPIFails(t *testing.T) {
	eachGuarded(t, func(t *testing.T, g *guarded) {
		g.gate.Set(gate.Refuse)
		c, err := g.create(t, g.pod(t, "refused"), "main")
		if err != nil {
			t.Fatal(err)
		}
		neverRan(t, c, notJudged)
		metrics, err := g.agent.Metrics(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if metrics[`specguard_failures_total{stage="open"}`] == 0 {
			t.Error("the failure is not counted")
		}
		eventually(t, "the agent says it is not ready", func() bool { _, err := g.agent.Get(t.Context(), "/readyz"); return err != nil })
		g.gate.Set(gate.Open)
		g.works(t)
	})
}
