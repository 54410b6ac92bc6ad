package e2e_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
)

// eachNode runs a test on shared nodes, all at once: of each release whose
// specs the agent writes itself, and of those with the OCI runtime wrapper.
func eachNode(t *testing.T, test func(t *testing.T, n *node.Node)) {
	eachUnwrapped(t, test)
	for _, release := range wrappedReleases {
		t.Run(release.String()+" wrapped", func(t *testing.T) {
			t.Parallel()
			test(t, shared.Wrapped(t, release))
		})
	}
}

// eachUnwrapped is eachNode without the nodes with the wrapper.
func eachUnwrapped(t *testing.T, test func(t *testing.T, n *node.Node)) {
	for _, release := range guardedReleases {
		t.Run(release.String(), func(t *testing.T) {
			t.Parallel()
			test(t, shared.Node(t, release))
		})
	}
}

// A rig is a shared node with an agent, until the end of the test.
type rig struct {
	*node.Node
	agent  *agent.Agent
	verify bool
}

type rigOptions struct {
	policies string
	verify   bool   // seals are opened by the hook that verifies
	root     string // where the agent sees the host's files; "/" if not given
}

func startRig(t *testing.T, n *node.Node, o rigOptions) *rig {
	t.Helper()
	if o.root == "" {
		o.root = "/"
	}
	options := agent.Options{
		Binary:   agentBinary(t),
		Policies: map[string]string{"matrix.yaml": o.policies},
		Config:   fmt.Sprintf("host: {root: %s, kubeletDir: %s}\ntestedHandlers: [%s]\n", o.root, n.KubeletDir(), node.OtherHandler),
	}
	if o.verify {
		options.Opener = "verify"
	}
	if n.Wrapped() {
		options.Opener, options.Args = "runtime", []string{"--containerd-socket", "/no/such/socket"}
	}
	if n.Wrapped() || o.verify {
		options.Config += "hookPath: " + hookScript(t, n) + "\n"
	}
	a, err := agent.Start(t.Context(), n, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		for line := range strings.Lines(a.Log()) {
			if strings.Contains(line, `"level":"error"`) {
				t.Errorf("agent: %s", line)
			}
		}
	})
	return &rig{Node: n, agent: a, verify: o.verify}
}

// hookScript makes a script that calls the seal's hook.
func hookScript(t *testing.T, n *node.Node) string {
	t.Helper()
	binary, err := lab.Cache(t).Runtime(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	script, err := agent.Hook(n, binary)
	if err != nil {
		t.Fatal(err)
	}
	return script
}

// runPod starts a pod that goes with the test.
func (g *rig) runPod(t *testing.T, namespace string, options ...cri.PodOption) *cri.Sandbox {
	t.Helper()
	return g.runPodUnder(t, "", namespace, options...)
}

// runPodUnder starts a pod under a runtime handler.
func (g *rig) runPodUnder(t *testing.T, handler, namespace string, options ...cri.PodOption) *cri.Sandbox {
	t.Helper()
	config := g.CRI.Pod("pod", append([]cri.PodOption{cri.Namespace(namespace)}, options...)...)
	pod, err := g.CRI.RunPodHandler(t.Context(), config, handler)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pod.Remove(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return pod
}

// A request is a container to create in a pod.
type request struct {
	pod    *cri.Sandbox
	config *api.ContainerConfig
}

// create creates a container and checks the decision that its spec tells of;
// "" is none.
func (g *rig) create(t *testing.T, r *request, decision string) running {
	t.Helper()
	c, err := r.pod.Create(t.Context(), r.config)
	if err != nil {
		t.Fatal(err)
	}
	out := running{Running: c, pod: r.pod}
	if !g.Wrapped() {
		out.look(t, r, decision)
	}
	return out
}

// look reads the container's spec and checks the decision that it tells of.
func (c *running) look(t *testing.T, r *request, decision string) {
	t.Helper()
	c.spec = readSpec(t, c.Running, r.config.Metadata.Name)
	hooked := c.spec.withoutHook()
	if verified := c.spec.decision == "verify"; verified && decision != "" {
		if !hooked {
			t.Errorf("%s: no hook verifies it", r.config.Metadata.Name)
		}
	} else if c.spec.decision != decision {
		t.Errorf("%s: the spec says %q, want %q", r.config.Metadata.Name, c.spec.decision, decision)
	}
}

// run creates and starts a container and hears what the kernel says in it.
func (g *rig) run(t *testing.T, r *request, decision string) running {
	t.Helper()
	c := g.create(t, r, decision)
	name := r.config.Metadata.Name
	err := c.Start(t.Context())
	if err == nil {
		if g.Wrapped() {
			c.look(t, r, decision)
		}
		c.main, err = c.Truth(t.Context())
	}
	if err == nil {
		c.exec, err = c.ExecTruth(t.Context())
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return c
}

// A refusal is how a container is denied.
type refusal struct {
	sentence string
	early    bool // when it is created; else when it starts
}

// refused checks that a container is denied in these words and no others, and
// that it never ran.
func (g *rig) refused(t *testing.T, r *request, want refusal) {
	t.Helper()
	c, err := r.pod.Create(t.Context(), r.config)
	if g.Release() == build.CRIO { // it has the OCI runtime create the container at once
		said := ""
		if err != nil {
			said = strings.TrimSpace(err.Error())
		}
		if g.verify { // runc quotes what the hook has said
			said, _, _ = strings.Cut(strings.ReplaceAll(said, `\"`, `"`), `\n`)
		}
		if !strings.HasSuffix(withoutFix(said, ""), want.sentence) {
			t.Errorf("create: %v\nwant   %s", err, want.sentence)
		}
		g.notStored(t, r)
		return
	}
	if want.early {
		if err == nil || !strings.HasSuffix(withoutFix(err.Error(), ""), " desc = "+want.sentence) {
			t.Errorf("create: %v\nwant   %s", err, want.sentence)
		}
		g.notStored(t, r)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	told, end := "OCI runtime create failed: "+want.sentence, ""
	if !g.Wrapped() {
		if s := readSpec(t, c, r.config.Metadata.Name); s.decision != "denied" {
			t.Errorf("the stored spec says %q", s.decision)
		}
		// The seal's path holds the sentence; this is how runc ends it.
		end = ": no such file or directory"
		told = "/proc/" + want.sentence + end
	}
	err = c.Start(t.Context())
	if err == nil || !strings.Contains(withoutFix(err.Error(), end), told) {
		t.Errorf("start: %v\nwant  %s", err, want.sentence)
	}
	g.neverStarted(t, c)
}

// withoutFix takes what a denial says to its pod's author out of an error; end
// follows it there.
func withoutFix(said, end string) string {
	denial, fix, found := strings.Cut(said, ". In the pod: ")
	if !found {
		return said
	}
	if at := strings.Index(fix, end); end != "" && at >= 0 {
		return denial + fix[at:]
	}
	return denial
}

// notStored checks that the runtime knows no container of that name.
func (g *rig) notStored(t *testing.T, r *request) {
	t.Helper()
	list, err := g.CRI.Runtime.ListContainers(t.Context(), &api.ListContainersRequest{
		Filter: &api.ContainerFilter{PodSandboxId: r.pod.ID},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list.Containers {
		if c.Metadata.Name == r.config.Metadata.Name {
			t.Errorf("the refused container is there: %v", c)
		}
	}
}

// neverStarted checks that a container does not run and never did.
func (g *rig) neverStarted(t *testing.T, c *cri.Running) {
	t.Helper()
	status, err := c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if status.State == api.ContainerState_CONTAINER_RUNNING || status.StartedAt != 0 {
		t.Errorf("the container is %s, started at %d", status.State, status.StartedAt)
	}
	if log, _ := c.Logs(); log != "" {
		t.Errorf("the container has written: %s", log)
	}
	if pids := processes(t, c.ID); len(pids) > 0 {
		t.Errorf("the container has processes: %v", pids)
	}
	if out, err := c.Exec(t.Context(), "true"); err == nil {
		t.Errorf("exec in it works: %q", out)
	}
}

// processes lists the processes in a container's cgroup.
func processes(t *testing.T, id string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cgroup")
	if err != nil || len(files) == 0 {
		t.Fatalf("no processes at all: %v", err)
	}
	return slices.DeleteFunc(files, func(file string) bool {
		data, _ := os.ReadFile(file) // it may have ended
		return !strings.Contains(string(data), id)
	})
}

// attempt runs shell commands in a container and returns those that fail.
func attempt(t *testing.T, c running, commands []string) []string {
	t.Helper()
	if len(commands) == 0 {
		return nil
	}
	var script strings.Builder
	for _, command := range commands {
		fmt.Fprintf(&script, "(%s) </dev/null >/dev/null 2>&1; echo $?\n", command)
	}
	out, err := c.Exec(t.Context(), "/bin/sh", "-c", script.String())
	if len(commands) == 1 && err != nil && strings.Contains(err.Error(), "exit code 137") {
		return commands // the kernel, which was short of memory, chose the shell
	}
	codes := strings.Fields(out)
	if err != nil || len(codes) != len(commands) {
		t.Fatalf("attempt %q: %v: %q", commands, err, out)
	}
	var failed []string
	for i, code := range codes {
		if code != "0" {
			failed = append(failed, commands[i])
		}
	}
	return failed
}
