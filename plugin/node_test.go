package plugin

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/containerd/nri/pkg/adaptation"
	"github.com/containerd/nri/pkg/api"
	"github.com/containerd/nri/pkg/log"
	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/specguard/specguard/plugin/containerruntime"
	"github.com/specguard/specguard/plugin/judge"
	"github.com/specguard/specguard/policy"
)

// TestMain is also the plugin that NRI starts itself (preinstalled_test.go).
func TestMain(m *testing.M) {
	if os.Getenv(api.PluginSocketEnvVar) != "" {
		os.Exit(preinstalled())
	}
	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	log.Set(stubLog{quiet})
	os.Exit(m.Run())
}

// waitFor polls until the condition holds.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: never", what)
		}
	}
}

// runtime is NRI's side of a container runtime, the real one, on a socket.
type runtime struct {
	*adaptation.Adaptation
	socket string
	pods   []*api.PodSandbox // what Synchronize tells
	ctrs   []*api.Container
	synced time.Duration // how long the last Synchronize took
}

// newRuntime makes a runtime that listens in a folder of its own.
func newRuntime(t *testing.T) *runtime {
	t.Helper()
	dir, err := os.MkdirTemp("", "nri") // a socket's path has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return &runtime{socket: filepath.Join(dir, "s")}
}

// start starts the runtime under that name.
func (r *runtime) start(t *testing.T, name string, opts ...adaptation.Option) {
	t.Helper()
	update := func(context.Context, []*api.ContainerUpdate) ([]*api.ContainerUpdate, error) { return nil, nil }
	none := filepath.Join(filepath.Dir(r.socket), "none")
	opts = append([]adaptation.Option{
		adaptation.WithSocketPath(r.socket), adaptation.WithPluginPath(none), adaptation.WithPluginConfigPath(none),
	}, opts...)
	var err error
	if r.Adaptation, err = adaptation.New(name, "v2.4.2", r.synchronize, update, opts...); err != nil {
		t.Fatal(err)
	}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Stop)
}

func (r *runtime) synchronize(ctx context.Context, tell adaptation.SyncCB) error {
	began := time.Now()
	_, err := tell(ctx, r.pods, r.ctrs)
	r.synced = time.Since(began)
	return err
}

// settled waits until no plugin is about to be accepted.
func (r *runtime) settled() { r.BlockPluginSync().Unblock() }

// node is a runtime, its store and the plugin under test.
type node struct {
	*runtime
	t        *testing.T
	plugin   *Plugin
	policies *policies
	store    *store
	recorder *recorder
	log      *logtest.Hook
}

// newNode has the plugin connected to a runtime, with those policies.
func newNode(t *testing.T, docs ...string) *node {
	t.Helper()
	n := offline(t, docs...)
	n.start(t, "containerd")
	n.connect(n.socket)
	return n
}

// offline is a node on which nothing runs.
func offline(t *testing.T, docs ...string) *node {
	t.Helper()
	logger, hook := logtest.NewNullLogger()
	n := &node{
		runtime: newRuntime(t), t: t, log: hook,
		policies: &policies{}, store: &store{specs: make(map[string]string)}, recorder: &recorder{},
	}
	n.policies.use(compile(t, docs...))
	n.plugin = New(&judge.Judge{
		Policies: n.policies, Node: judge.Node{Host: func() policy.Host { return policy.NoHost{} }}, Recorder: n.recorder, Log: logger,
	}, inStore(n.store))
	n.plugin.conn.configured(containerruntime.Runtime{Name: "containerd"}, judge.InStore{Specs: n.store})
	return n
}

// version has the runtime be of another version.
func (n *node) version(version string) {
	opener, err := n.plugin.conn.Opener()
	if err != nil {
		n.t.Fatal(err)
	}
	n.plugin.conn.configured(containerruntime.Runtime{Name: n.plugin.conn.Runtime().Name, Version: version}, opener)
}

// judgeExisting has judged what NRI lists.
func (n *node) judgeExisting(ctx context.Context, pods []*api.PodSandbox, ctrs []*api.Container) {
	_, mayRun := n.plugin.listed(pods, ctrs)
	n.plugin.judge.JudgeExisting(ctx, mayRun)
}

// inStore is the opener of containerd, and of no other runtime.
func inStore(s judge.SpecStore) judge.Openers {
	return func(runtime string) (judge.Opener, error) {
		if runtime != "containerd" {
			return nil, errors.New("it is not containerd")
		}
		return judge.InStore{Specs: s}, nil
	}
}

// run runs the plugin until the test ends.
func (n *node) run(socket string) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := n.plugin.Run(n.t.Context(), Registration{Socket: socket, Name: "specguard", Index: "90"}); err != nil {
			n.t.Errorf("Run: %v", err)
		}
	}()
	n.t.Cleanup(func() { <-done }) // the context ends before
}

// connect runs the plugin and waits until the runtime has accepted it.
func (n *node) connect(socket string) {
	n.t.Helper()
	n.run(socket)
	n.connected()
}

func (n *node) connected() {
	n.t.Helper()
	waitFor(n.t, "connected", n.plugin.Connected)
	n.settled()
}

// create asks NRI about a new container, as a runtime does, and stores its
// spec with what NRI adjusted.
func (n *node) create(pod *api.PodSandbox, ctr *api.Container) (*api.ContainerAdjustment, error) {
	req := &api.CreateContainerRequest{Pod: pod, Container: proto.Clone(ctr).(*api.Container)}
	res, err := n.CreateContainer(context.Background(), req)
	if err != nil {
		return nil, err
	}
	ctr.Hooks = res.GetAdjust().GetHooks()
	n.store.put(ctr.GetId(), stored(res.GetAdjust()))
	return res.GetAdjust(), nil
}

// post tells NRI that the container was made.
func (n *node) post(pod *api.PodSandbox, ctr *api.Container) error {
	return n.PostCreateContainer(context.Background(), &api.PostCreateContainerRequest{Pod: pod, Container: ctr})
}

// made creates an ordinary container, all through, and returns its spec.
func (n *node) made() (string, error) {
	n.t.Helper()
	ctr := container()
	if _, err := n.create(pod(), ctr); err != nil {
		n.t.Fatalf("create: %v", err)
	}
	err := n.post(pod(), ctr)
	return n.store.get(ctr.GetId()), err
}

// message is the text of an error as the plugin gave it to NRI.
func message(err error) string {
	if err == nil {
		return ""
	}
	return status.Convert(err).Message()
}
