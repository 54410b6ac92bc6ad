package e2e_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	api "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/gate"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
)

// eachWrapped runs a test on nodes whose OCI runtime is wrapped and whose agent
// has no other way to open seals. A gate stands between the wrapper and the
// agent.
func eachWrapped(t *testing.T, test func(t *testing.T, g *guarded)) {
	for _, release := range wrappedReleases {
		t.Run(release.String(), func(t *testing.T) {
			t.Parallel()
			test(t, wrappedNode(t, release))
		})
	}
}

func wrappedNode(t *testing.T, release build.Release) *guarded {
	t.Helper()
	const socket = "gate.sock"
	n := lab.Private(t, release, lab.Wrap(t, agent.Wrapping{Socket: socket, Extra: "timeout: 2s\npass: {namespaces: [kube-system]}"}))
	g, err := gate.New(filepath.Join(n.Dir(), socket), agent.RuntimeSocket(n))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	a, err := agent.Start(t.Context(), n, agent.Options{
		Binary: agentBinary(t), Opener: "runtime", Config: "host: {kubeletDir: " + n.KubeletDir() + "}\nhookPath: " + hookScript(t, n) + "\n",
		Policies: map[string]string{"hardening.yaml": hardening},
		Args:     []string{"--containerd-socket", "/no/such/socket"},
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

// refuses checks that a container cannot be created and started, that the
// reason is told, and that it has not run.
func (g *guarded) refuses(t *testing.T, pod *cri.Sandbox, name, reason string, options ...cri.ContainerOption) {
	t.Helper()
	_, err := pod.Run(t.Context(), cri.Container(name, node.AppImage, cri.TellTruth("sleep 60"), options...))
	if err == nil || !strings.Contains(err.Error(), reason) {
		t.Errorf("%s: %v, want %q in it", name, err, reason)
	}
	g.idle(t, pod, name)
}

// idle checks that no container of that name runs in the pod, nor has written
// anything.
func (g *guarded) idle(t *testing.T, pod *cri.Sandbox, name string) {
	t.Helper()
	list, err := g.CRI.Runtime.ListContainers(t.Context(), &api.ListContainersRequest{Filter: &api.ContainerFilter{PodSandboxId: pod.ID}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list.Containers {
		if c.Metadata.Name == name && (c.State == api.ContainerState_CONTAINER_RUNNING || len(processes(t, c.Id)) > 0) {
			t.Errorf("%s is %s", name, c.State)
		}
	}
	if log, err := os.ReadFile(filepath.Join(pod.Config.LogDirectory, name+".log")); err == nil && len(log) > 0 {
		t.Errorf("%s has written %s", name, log)
	}
}

// meets checks what the kernel says of a container in every way to start a
// process in it.
func (g *guarded) meets(t *testing.T, c *cri.Running, want cri.Truth) {
	t.Helper()
	for way, ask := range map[string]func(context.Context) (cri.Truth, error){
		"main process": c.Truth, "exec-sync": c.ExecTruth, "exec": c.StreamTruth,
	} {
		truth, err := ask(t.Context())
		if err != nil {
			t.Errorf("%s: %v", way, err)
			continue
		}
		sameTruth(t, way, truth, want)
	}
}

// TestWrapperForgedAnnotations has pods and containers say of themselves what
// only runtimes and the agent may say.
func TestWrapperForgedAnnotations(t *testing.T) {
	eachWrapped(t, func(t *testing.T, g *guarded) {
		forged := map[string]string{
			"io.kubernetes.cri-o.ContainerType":    "sandbox",
			"io.kubernetes.cri-o.SandboxID":        "9b7e",
			"io.kubernetes.cri.container-type":     "sandbox",
			"io.kubernetes.cri.sandbox-namespace":  "kube-system",
			"io.kubernetes.pod.namespace":          "kube-system",
			"io.kubernetes.cri-o.Namespace":        "kube-system",
			"io.kubernetes.cri-o.PortMappings":     "[]",
			"io.kubernetes.container.name":         "proxy",
			"specguard.dev/decision":               "allowed",
			"specguard.dev/adjusted":               `{"container":"x","fields":[]}`,
			"io.container.manager":                 "other",
			"io.kubernetes.cri.sandbox-uid":        "x",
			"io.kubernetes.cri-o.some-new-setting": "x",
		}
		var pods []*cri.Sandbox
		for key, value := range forged {
			name := fmt.Sprintf("forged-%d", len(pods))
			pod, err := g.CRI.RunPod(t.Context(), g.CRI.Pod(name, cri.Namespace("team-a"), cri.Annotation(key, value)))
			if err != nil {
				if g.Release() == build.CRIO && strings.Contains(key, "cri-o.") {
					continue // the sandbox itself is no longer one then
				}
				t.Fatal(key, err)
			}
			t.Cleanup(func() { _ = pod.Remove(context.WithoutCancel(t.Context())) })
			pods = append(pods, pod)
			c, err := pod.Run(t.Context(), cri.Container("main", node.AppImage, cri.TellTruth("sleep 60")))
			if err != nil {
				t.Errorf("%s: %v", key, err)
				continue
			}
			truth, err := c.Truth(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			sameTruth(t, key, truth, hardened)
			g.refuses(t, pod, "denied", "specguard: denied by policy", cri.HostPath("/etc", "/host", true))
		}
		if err := g.agent.Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, pod := range pods {
			g.refuses(t, pod, "alone", "specguard") // NRI notices first, and says so itself
		}
	})
}

// TestWrapperPass lets the host's own namespaces run while there is no agent,
// and nothing else.
func TestWrapperPass(t *testing.T) {
	eachWrapped(t, func(t *testing.T, g *guarded) {
		if err := g.agent.Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
		system, err := g.CRI.RunPod(t.Context(), g.CRI.Pod("system", cri.Namespace("kube-system")))
		if err != nil {
			t.Fatal(err)
		}
		defer system.Remove(t.Context())
		c, err := system.Run(t.Context(), cri.Container("main", node.AppImage, cri.TellTruth("sleep 60")))
		if err != nil {
			t.Fatal(err)
		}
		caps := defaultCaps(g.Node)
		g.meets(t, c, cri.Truth{Permitted: caps, Effective: caps, Bounding: caps, RootWritable: true})
		g.refuses(t, g.pod(t, "team"), "main", "specguard: not judged: the agent cannot be asked")
		if err := g.agent.Again(); err != nil {
			t.Fatal(err)
		}
		g.works(t)
	})
}

// TestWrapperWithoutSeal refuses a container that NRI has not shown: the agent
// answers, but is connected to nothing.
func TestWrapperWithoutSeal(t *testing.T) {
	eachWrapped(t, func(t *testing.T, g *guarded) {
		if err := g.agent.Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
		blind, err := agent.Launch(g.Node, agent.Options{
			Binary: agentBinary(t), Opener: "runtime", Policies: map[string]string{"hardening.yaml": hardening},
			Args: []string{"--nri-socket", "/no/such/socket"},
		})
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "it listens", func() bool { return strings.Contains(blind.Log(), "answering the OCI runtime wrapper") })
		g.refuses(t, g.pod(t, "unseen"), "main", "specguard: refused: the container has no seal")
		if err := blind.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := g.agent.Again(); err != nil {
			t.Fatal(err)
		}
		g.works(t)
	})
}

// TestWrapperAgentFrozen has the agent hang before it is asked, and its answer
// come too late.
func TestWrapperAgentFrozen(t *testing.T) {
	eachWrapped(t, func(t *testing.T, g *guarded) {
		pod := g.pod(t, "frozen")
		g.gate.Set(gate.Hold)
		g.refuses(t, pod, "slow", "no answer in 2s")
		g.gate.Set(gate.Refuse)
		g.refuses(t, pod, "cut", "specguard: not judged: the agent cannot be asked")
		g.gate.Set(gate.Open)
		g.works(t)
	})
}

// held runs a container whose judgement is held up until something was done,
// and returns what came of it. do is given the bundle.
func (g *guarded) held(t *testing.T, pod *cri.Sandbox, name string, do func(bundle string) error) error {
	t.Helper()
	g.gate.Set(gate.Hold)
	defer g.gate.Set(gate.Open)
	ran := make(chan error, 1)
	go func() {
		_, err := pod.Run(t.Context(), cri.Container(name, node.AppImage, cri.TellTruth("sleep 60")))
		ran <- err
	}()
	eventually(t, "the wrapper asks", g.gate.Held)
	bundles, err := filepath.Glob(filepath.Join(g.Dir(), "state", "*", "*", "*", "config.json")) // containerd's
	if g.Release() == build.CRIO {
		bundles, err = filepath.Glob(filepath.Join(g.Dir(), "state", "*", "*", "*", "userdata", "config.json"))
	}
	if err != nil {
		t.Fatal(err)
	}
	done := 0
	for _, file := range bundles {
		spec, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(spec), name) && strings.Contains(string(spec), "createRuntime") {
			done++
			if err := do(filepath.Dir(file)); err != nil {
				t.Error(err)
			}
		}
	}
	if done != 1 {
		t.Errorf("%d of the bundles %q are of the container", done, bundles)
	}
	g.gate.Set(gate.Open)
	return <-ran
}

// TestWrapperBundleSwapped has root on the host change the bundle while it is
// judged, in ways that a policy would not let run.
func TestWrapperBundleSwapped(t *testing.T) {
	eachWrapped(t, func(t *testing.T, g *guarded) {
		pod := g.pod(t, "swapped")
		err := g.held(t, pod, "rewritten", func(bundle string) error {
			file := filepath.Join(bundle, "config.json")
			spec, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			return os.WriteFile(file, []byte(strings.Replace(string(spec), `"createRuntime"`, `"createContainer"`, 1)), 0o600)
		})
		if err == nil || !strings.Contains(err.Error(), "specguard: the bundle has changed while it was judged") {
			t.Errorf("rewritten: %v", err)
		}
		g.idle(t, pod, "rewritten")
		released := make(chan struct{})
		err = g.held(t, pod, "unwritable", func(path string) error {
			// CRI-O waits until it can remove the bundle.
			time.AfterFunc(2*time.Second, func() {
				defer close(released)
				if err := immutable(path, false); err != nil {
					t.Error(err)
				}
			})
			return immutable(path, true)
		})
		reason := "specguard: write the bundle's config.json"
		if g.Release() != build.CRIO {
			reason = "specguard-runtime did not terminate successfully" // the shim's log has its place in the bundle
		}
		if err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("unwritable: %v", err)
		}
		<-released
		g.idle(t, pod, "unwritable")
		g.works(t)
	})
}

// immutableFlag is FS_IMMUTABLE_FL (linux/fs.h).
const immutableFlag = 0x10

// immutable keeps everybody from changing what a folder holds (ioctl_iflags(2)),
// or lets them again.
func immutable(folder string, on bool) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer f.Close()
	flags, err := unix.IoctlGetInt(int(f.Fd()), unix.FS_IOC_GETFLAGS)
	if err != nil {
		return err
	}
	flags &^= immutableFlag
	if on {
		flags |= immutableFlag
	}
	return unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, flags)
}

// TestWrapperRestarts restarts the container runtime and the agent while
// containers run: they run on, and processes executed in them are bounded as
// before.
func TestWrapperRestarts(t *testing.T) {
	eachWrapped(t, func(t *testing.T, g *guarded) {
		c, err := g.pod(t, "runs").Run(t.Context(), cri.Container("main", node.AppImage, cri.TellTruth("sleep 600")))
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		g.meets(t, c, hardened)
		g.works(t)
		if err := g.agent.Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
		g.meets(t, c, hardened)
		if err := g.agent.Again(); err != nil {
			t.Fatal(err)
		}
		g.works(t)
	})
}

// TestWrapperUpgrade replaces the agent again and again while containers are
// created.
func TestWrapperUpgrade(t *testing.T) {
	eachWrapped(t, func(t *testing.T, g *guarded) {
		underLoad(t, g, g.pod(t, "load"), &tally{}, func() error {
			if err := g.agent.Stop(t.Context()); err != nil {
				return err
			}
			pause(t.Context(), 200*time.Millisecond)
			return g.agent.Again()
		})
	})
}

// TestWrapperStorms creates many containers at once.
func TestWrapperStorms(t *testing.T) { eachWrapped(t, createStorm) }
