package e2e_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
)

const kib = 1 << 10

// environment is of that many bytes.
func environment(size int) cri.ContainerOption {
	return func(c *api.ContainerConfig) {
		for i := 0; size > 0; i++ {
			n := min(size, 100*kib) // a variable has at most 128 KiB
			cri.Env(fmt.Sprintf("V%d", i), strings.Repeat("x", n))(c)
			size -= n
		}
	}
}

// labels are of that many bytes: runtimes take 4 KiB for each.
func labels(size int) cri.PodOption {
	return func(p *api.PodSandboxConfig) {
		for i := range size / (3 * kib) {
			p.Labels[fmt.Sprint("l", i)] = strings.Repeat("x", 3*kib)
		}
	}
}

// crowd is a node, with an agent, on which containers are large or many.
type crowd struct {
	*testing.T
	node  *node.Node
	agent *agent.Agent
}

// eachCrowd has a node of every release that specguard runs on, with an agent
// and a few pods of the system.
func eachCrowd(t *testing.T, policies map[string]string, test func(c crowd)) {
	for _, release := range []build.Release{build.Containerd2, build.Containerd1, build.CRIO} {
		t.Run(release.String(), func(t *testing.T) {
			t.Parallel()
			var change func(*node.Options)
			o := agent.Options{Binary: agentBinary(t), Policies: policies}
			if release == build.CRIO {
				change, o.Opener = lab.Wrap(t, agent.Wrapping{Extra: "pass: {namespaces: [kube-system]}"}), "runtime"
			}
			n := lab.Private(t, release, change)
			o.Config = "host: {kubeletDir: " + n.KubeletDir() + "}\ncriSocket: " + n.Socket() + "\n"
			a, err := agent.Start(t.Context(), n, o)
			if err != nil {
				t.Fatal(err)
			}
			c := crowd{t, n, a}
			for i := range 5 {
				if err := c.run(c.pod(fmt.Sprint("system-", i), cri.Namespace("kube-system")), "main"); err != nil {
					t.Fatal(err)
				}
			}
			test(c)
		})
	}
}

func (c crowd) pod(name string, options ...cri.PodOption) *cri.Sandbox {
	c.Helper()
	p, err := c.node.CRI.RunPod(c.Context(), c.node.CRI.Pod(name, options...))
	if err != nil {
		c.Fatal(err)
	}
	return p
}

func (c crowd) run(p *cri.Sandbox, name string, options ...cri.ContainerOption) error {
	_, err := p.Run(c.Context(), cri.Container(name, node.AppImage, []string{"sleep", "600"}, options...))
	return err
}

// many makes containers, without an agent.
func (c crowd) many(p *cri.Sandbox, count, size int) []*cri.Running {
	c.Helper()
	var out []*cri.Running
	for i := range count {
		r, err := p.Run(c.Context(), cri.Container(fmt.Sprint("big-", i), node.AppImage, []string{"sleep", "600"}, environment(size)))
		if err != nil {
			c.Fatalf("%.300v", err)
		}
		out = append(out, r)
	}
	return out
}

// remove removes the pod with its many containers.
func (c crowd) remove(p *cri.Sandbox, containers []*cri.Running) {
	c.Helper()
	for _, r := range containers {
		if err := r.Remove(c.Context()); err != nil {
			c.Fatal(err)
		}
	}
	if err := p.Remove(c.Context()); err != nil {
		c.Fatal(err)
	}
}

// refused wants an error of the agent's that tells no values.
func (c crowd) refused(err error, what string) {
	c.Helper()
	if err == nil || !strings.Contains(err.Error(), "specguard: refused: "+what) || strings.Contains(err.Error(), "xxx") {
		c.Errorf("want %q, got %.800v", what, err)
	}
}

func (c crowd) ready(within time.Duration) {
	c.Helper()
	began := time.Now()
	ctx, cancel := context.WithTimeout(c.Context(), within)
	defer cancel()
	if err := c.agent.WaitReady(ctx); err != nil {
		c.Fatal(err)
	}
	m, err := c.agent.Process().Memory()
	if err != nil {
		c.Fatal(err)
	}
	c.Logf("ready after %s, with %d MiB", time.Since(began).Round(time.Millisecond), m.RSS>>20)
}

// again starts the agent again.
func (c crowd) again() {
	c.Helper()
	if err := c.agent.Again(); err != nil {
		c.Fatal(err)
	}
}

func (c crowd) stop() {
	c.Helper()
	if err := c.agent.Stop(c.Context()); err != nil {
		c.Fatal(err)
	}
}

func (c crowd) metric(name string) float64 {
	c.Helper()
	all, err := c.agent.Metrics(c.Context())
	if err != nil {
		c.Fatal(err)
	}
	v, ok := all[name]
	if !ok {
		c.Fatalf("there is no metric %s", name)
	}
	return v
}

// logs waits until the agent's log has the words.
func (c crowd) logs(words string) {
	c.Helper()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(c.agent.Log(), words); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			log := c.agent.Log()
			c.Fatalf("the log does not say %q: %s", words, log[max(0, len(log)-3000):])
		}
	}
}

// TestOversizedIsRefused makes containers and pods that bring too much, and as
// many as may be, after which the agent and the runtime start again.
func TestOversizedIsRefused(t *testing.T) {
	t.Parallel()
	eachCrowd(t, map[string]string{"hardening.yaml": hardening}, func(c crowd) {
		p := c.pod("evil", cri.Namespace("team-a"))
		for i := range 3 {
			c.refused(c.run(p, fmt.Sprint("big-", i), environment(1100*kib)), "the container's record of 1.1 MiB is too large: environment 1.1 MiB")
			c.refused(c.run(p, fmt.Sprint("less-", i), environment(600*kib)), "the container's record of 60")
		}
		c.refused(c.run(c.pod("system-big", cri.Namespace("kube-system")), "big", environment(300*kib)), "the container's record of 30")
		_, err := c.node.CRI.RunPod(c.Context(), c.node.CRI.Pod("labelled", cri.Namespace("team-a"), labels(1200*kib)))
		c.refused(err, "the pod's record of ")

		admitted := 0
		for i := range 60 {
			if err := c.run(c.pod(fmt.Sprint("full-", i), cri.Namespace("team-b")), "main", environment(230*kib)); err == nil {
				admitted++
			} else {
				c.refused(err, "the pod and its 1 container have records of ")
			}
			if i > admitted+2 {
				break
			}
		}
		c.Logf("%d containers of 230 KiB were let be", admitted)
		if admitted < 10 || admitted > 30 {
			c.Errorf("%d containers of 230 KiB were let be", admitted)
		}
		for i := range 20 { // each as large as is free
			if err := c.run(c.pod(fmt.Sprint("free-", i), cri.Namespace("team-a")), "main", environment(90*kib)); err != nil {
				c.Errorf("an ordinary pod: %.300v", err)
			}
		}
		if got := c.metric(`specguard_oversized_total{outcome="refused"}`); got < 8 {
			c.Errorf("%v refusals are counted", got)
		}
		c.stop()
		c.again()
		c.ready(10 * time.Second)
		if c.metric("specguard_oversized_containers") != 0 || c.metric("specguard_nri_synchronize_failures_total") != 0 {
			c.Error("something is too large, or was not told")
		}
		if err := c.node.Restart(c.Context()); err != nil { // a pod that is refused leaves nothing behind
			c.Fatal(err)
		}
		c.ready(15 * time.Second)
		c.refused(c.run(c.pod("last", cri.Namespace("team-a")), "big", environment(300*kib)), "the container's record of 30")
	})
}

// TestOversizedWhileAway makes them while the agent is away.
func TestOversizedWhileAway(t *testing.T) {
	t.Parallel()
	eachCrowd(t, map[string]string{"hardening.yaml": hardening}, func(c crowd) {
		c.stop()
		// The wrapper starts nothing for other namespaces meanwhile.
		evil := c.pod("evil", cri.Namespace("kube-system"))
		big := c.many(evil, 20, 1100*kib)
		pid := c.node.PID()
		c.again()
		c.logs("gave up before it had reported the running containers")
		c.logs("kube-system/evil, container big-")
		c.logs("the container's record of 1.1 MiB is too large: environment 1.1 MiB (allowed: 256 KiB); and 19 more in the pod")
		time.Sleep(5 * time.Second)
		if got := c.metric("specguard_nri_synchronize_failures_total"); got < 1 || got > 4 {
			c.Errorf("%v failures in some seconds", got)
		}
		if got := c.metric("specguard_oversized_containers"); got != 20 {
			c.Errorf("%v oversized", got)
		}
		if strings.Contains(c.agent.Log(), "xxx") {
			c.Error("the log tells values")
		}
		socket := "--containerd-socket"
		if c.node.Release() == build.CRIO {
			socket = "--cri-socket"
		}
		findings, _, _ := specguard[struct {
			Check, Status string
			Details       []string
		}](c.T, agentBinary(c.T), "doctor", "--output", "json", socket, c.node.Socket(), "--nri-socket", c.node.NRISocket())
		if !slices.ContainsFunc(findings, func(f struct {
			Check, Status string
			Details       []string
		}) bool {
			return f.Check == "synchronize" && f.Status == "problem" && len(f.Details) == 20 && strings.HasPrefix(f.Details[0], "kube-system/evil, container big-")
		}) {
			c.Errorf("doctor says %+v", findings)
		}
		c.remove(evil, big)
		c.ready(15 * time.Second)
		if c.node.PID() != pid {
			c.Error("the runtime started again")
		}
		if c.metric("specguard_oversized_containers") != 0 {
			c.Error("still oversized")
		}
	})
}

// TestRuntimePanics has containers there that make the runtime panic, and
// something that always starts it again: it must not do that in a loop.
func TestRuntimePanics(t *testing.T) {
	n := lab.Private(t, build.Containerd2, nil)
	c := crowd{T: t, node: n}
	evil := c.pod("evil", cri.Namespace("team-a"))
	big := c.many(evil, 40, 600*kib)
	var err error
	if c.agent, err = agent.Launch(n, agent.Options{
		Binary: agentBinary(t), Policies: map[string]string{"hardening.yaml": hardening}, Config: "host: {kubeletDir: " + n.KubeletDir() + "}\n",
	}); err != nil {
		t.Fatal(err)
	}
	starts := 0
	alive := func() { // as systemd would see to it
		if _, err := os.Stat(fmt.Sprintf("/proc/%d/fd/0", n.PID())); err == nil {
			return
		}
		if err := n.StartDaemon(t.Context()); err != nil {
			t.Logf("start: %.300v", err)
		}
		starts++
	}
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		alive()
	}
	t.Logf("containerd had to be started %d times", starts)
	if starts < 1 || starts > 5 {
		t.Errorf("containerd had to be started %d times", starts)
	}
	c.logs("team-a/evil, container big-")
	c.logs("; and 39 more in the pod")
	for _, r := range big { // the agent's next attempt may come in between
		err := r.Remove(t.Context())
		for range 3 {
			if err == nil {
				break
			}
			alive()
			err = r.Remove(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	alive()
	if err := evil.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.ready(20 * time.Second)
}

// TestOversizedIsReported: an agent that only audits refuses nothing.
func TestOversizedIsReported(t *testing.T) {
	n := lab.Private(t, build.Containerd2, nil)
	a, err := agent.Start(t.Context(), n, agent.Options{Binary: agentBinary(t), Policies: map[string]string{
		"hardening.yaml": strings.Replace(hardening, "spec:\n", "spec:\n  mode: audit\n", 1),
	}})
	if err != nil {
		t.Fatal(err)
	}
	c := crowd{t, n, a}
	p := c.pod("big", cri.Namespace("team-a"), labels(300*kib))
	if err := c.run(p, "main", environment(1100*kib)); err != nil {
		t.Error(err)
	}
	c.logs("specguard: reported, not refused, because no policy is enforced: the pod's record of ")
	if c.metric(`specguard_oversized_total{outcome="reported"}`) != 2 || c.metric("specguard_oversized_containers") != 2 {
		t.Error("it is not counted")
	}
	lines, err := a.Audit()
	if err != nil || !slices.ContainsFunc(lines, func(l map[string]any) bool { return l["outcome"] == "reported" }) {
		t.Errorf("decision log %v, %v", lines, err)
	}
}
