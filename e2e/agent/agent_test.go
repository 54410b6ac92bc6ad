package agent_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/containerd/nri/pkg/api"
	"github.com/containerd/nri/pkg/stub"

	"github.com/specguard/specguard/e2e/agent"
	"github.com/specguard/specguard/e2e/build"
	"github.com/specguard/specguard/e2e/cri"
	"github.com/specguard/specguard/e2e/lab"
	"github.com/specguard/specguard/e2e/node"
)

const envFake = "SPECGUARD_E2E_FAKE_AGENT"

// TestMain makes this test binary a stand-in for the agent when it is started
// as one, so that the harness is tested before, and apart from, the agent.
func TestMain(m *testing.M) {
	if os.Getenv(envFake) == "" {
		os.Exit(m.Run())
	}
	if err := fake(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "fake agent:", err)
		os.Exit(1)
	}
}

// fake connects to NRI, counts created containers and serves HTTP.
func fake(args []string) error {
	flag := func(name string) string { return args[slices.Index(args, name)+1] }
	p := &counter{}
	options := []stub.Option{stub.WithSocketPath(flag("--nri-socket"))}
	if os.Getenv(api.PluginIdxEnvVar) == "" {
		options = append(options, stub.WithPluginIdx("10"), stub.WithPluginName("fake"))
	}
	s, err := stub.New(p, options...)
	if err != nil {
		return err
	}
	if err := s.Start(context.Background()); err != nil {
		return err
	}
	audit, err := os.Create(flag("--decision-log"))
	if err != nil {
		return err
	}
	fmt.Fprintln(audit, `{"decision":"allowed"}`)
	http.HandleFunc("/readyz", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# HELP x x\nfake_total{a=\"b c\"} %d\n", p.created.Load())
	})
	return http.ListenAndServe(flag("--http"), nil)
}

type counter struct{ created atomic.Int64 }

func (c *counter) CreateContainer(context.Context, *api.PodSandbox, *api.Container) (*api.ContainerAdjustment, []*api.ContainerUpdate, error) {
	c.created.Add(1)
	return nil, nil, nil
}

func fakeOptions() agent.Options {
	return agent.Options{
		Binary:   os.Args[0],
		Env:      []string{envFake + "=1"},
		Policies: map[string]string{"a.yaml": "a", "b.yaml": "b"},
	}
}

// createOne runs a container and checks that the agent saw it.
func createOne(t *testing.T, n *node.Node, a *agent.Agent) {
	t.Helper()
	pod, err := n.CRI.RunPod(t.Context(), n.CRI.Pod("one"))
	if err != nil {
		t.Fatal(err)
	}
	defer pod.Remove(t.Context())
	if _, err := pod.Create(t.Context(), cri.Container("main", node.AppImage, []string{"true"})); err != nil {
		t.Fatal(err)
	}
	metrics, err := a.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := metrics[`fake_total{a="b c"}`]; got != 1 {
		t.Errorf("the agent saw %v containers, metrics %v", got, metrics)
	}
}

func TestDaemon(t *testing.T) {
	n := lab.Private(t, build.Containerd2, nil)
	a, err := agent.Start(t.Context(), n, fakeOptions())
	if err != nil {
		t.Fatal(err)
	}
	createOne(t, n, a)

	if records, err := a.Audit(); err != nil || len(records) != 1 || records[0]["decision"] != "allowed" {
		t.Errorf("audit %v, %v", records, err)
	}
	if memory, err := a.Process().Memory(); err != nil || memory.RSS < memory.Anon || memory.Anon == 0 {
		t.Errorf("memory %+v, %v", memory, err)
	}
	if err := a.Freeze(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := a.Get(ctx, "/readyz"); err == nil {
		t.Error("a frozen agent answers")
	}
	if err := a.Thaw(); err != nil {
		t.Fatal(err)
	}
	if err := a.WaitReady(t.Context()); err != nil {
		t.Error(err)
	}
	if err := a.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Again(); err != nil {
		t.Fatal(err)
	}
	if err := a.WaitReady(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestInstalled(t *testing.T) {
	for _, release := range []build.Release{build.Containerd2, build.Containerd1, build.CRIO} {
		t.Run(release.String(), func(t *testing.T) {
			var a *agent.Agent
			n := lab.Private(t, release, func(o *node.Options) {
				o.BeforeStart = func(n *node.Node) (err error) {
					a, err = agent.Install(n, fakeOptions())
					return err
				}
			})
			if err := a.WaitReady(t.Context()); err != nil {
				t.Fatal(err)
			}
			createOne(t, n, a)
			if pid, err := a.PID(); err != nil || pid < 2 {
				t.Errorf("pid %d, %v", pid, err)
			}
		})
	}
}
