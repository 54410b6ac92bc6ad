package containerd_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	containers "github.com/containerd/containerd/api/services/containers/v1"
	sandboxes "github.com/containerd/containerd/api/services/sandbox/v1"
	tasks "github.com/containerd/containerd/api/services/tasks/v1"
	"github.com/containerd/containerd/api/types"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/specguard/specguard/plugin/containerd"
)

const typeURL = "types.containerd.io/opencontainers/runtime-spec/1/Spec"

// server is containerd's service of containers, as far as it is called. It
// minds the namespace and the mask of an update, as containerd does.
type server struct {
	containers.UnimplementedContainersServer

	mu        sync.Mutex
	stored    map[string]*containers.Container
	sandboxes map[string]*types.Sandbox
}

func (s *server) find(ctx context.Context, id string) (*containers.Container, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	if !slices.Equal(md.Get("containerd-namespace"), []string{"k8s.io"}) {
		return nil, status.Errorf(codes.InvalidArgument, "namespace %q", md.Get("containerd-namespace"))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.stored[id]
	if !ok {
		return nil, status.Errorf(codes.NotFound, "container %q: not found", id)
	}
	return c, nil
}

func (s *server) Get(ctx context.Context, req *containers.GetContainerRequest) (*containers.GetContainerResponse, error) {
	c, err := s.find(ctx, req.GetID())
	return &containers.GetContainerResponse{Container: c}, err
}

func (s *server) Update(ctx context.Context, req *containers.UpdateContainerRequest) (*containers.UpdateContainerResponse, error) {
	c, err := s.find(ctx, req.GetContainer().GetID())
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Equal(req.GetUpdateMask().GetPaths(), []string{"spec"}) {
		c.Spec = req.GetContainer().GetSpec()
	} else {
		s.stored[c.GetID()] = req.GetContainer()
	}
	return &containers.UpdateContainerResponse{Container: c}, nil
}

func (s *server) List(ctx context.Context, _ *containers.ListContainersRequest) (*containers.ListContainersResponse, error) {
	if _, err := s.find(ctx, ""); status.Code(err) != codes.NotFound {
		return nil, err
	}
	return &containers.ListContainersResponse{}, nil
}

func container() *containers.Container {
	return &containers.Container{
		ID: "9b7e", Image: "docker.io/library/app:1", SnapshotKey: "9b7e", Labels: map[string]string{"a": "b"},
		Spec: &anypb.Any{TypeUrl: typeURL, Value: []byte(`{"ociVersion":"1.2.1"}`)},
	}
}

// serve answers on the socket until the returned function is called.
func serve(t *testing.T, socket string, s *server, more ...tasks.TasksServer) (stop func()) {
	t.Helper()
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer()
	containers.RegisterContainersServer(g, s)
	sandboxes.RegisterStoreServer(g, &sandboxServer{server: s})
	for _, t := range more {
		tasks.RegisterTasksServer(g, t)
	}
	go func() { _ = g.Serve(l) }()
	t.Cleanup(g.Stop)
	return g.Stop
}

func newStore(t *testing.T) (*containerd.Store, *server, string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "ctd") // a socket's path has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	store, err := containerd.New(socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store, &server{stored: map[string]*containers.Container{"9b7e": container()}}, socket
}

// TestLargeRecords: what containerd can send is read, and what it cannot says why.
func TestLargeRecords(t *testing.T) {
	store, s, socket := newStore(t)
	serve(t, socket, s)
	for size, want := range map[int]string{15 << 20: "", 17 << 20: "the container's record is larger than 16 MiB, the most that containerd sends or takes"} {
		s.stored["9b7e"].Spec.Value = make([]byte, size)
		if _, err := store.Get(t.Context(), "9b7e"); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestGetPut(t *testing.T) {
	store, s, socket := newStore(t)
	serve(t, socket, s)
	got, err := store.Get(t.Context(), "9b7e")
	if err != nil || string(got.Spec) != `{"ociVersion":"1.2.1"}` || got.Image != "docker.io/library/app:1" {
		t.Errorf("got %s, %q, %v", got.Spec, got.Image, err)
	}
	if err := store.Put(t.Context(), "9b7e", []byte(`{"x":1}`)); err != nil {
		t.Error(err)
	}
	want := container()
	want.Spec.Value = []byte(`{"x":1}`)
	if !proto.Equal(s.stored["9b7e"], want) {
		t.Errorf("stored %v", s.stored["9b7e"])
	}
	if err := store.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestErrors(t *testing.T) {
	store, s, socket := newStore(t)
	serve(t, socket, s)
	other := container()
	other.Spec.TypeUrl = "types.containerd.io/opencontainers/runtime-spec/1/Process"
	s.stored["other"] = other
	s.stored["none"] = &containers.Container{ID: "none"}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		call func() error
		want string
	}{
		"get missing":      {func() error { _, err := store.Get(t.Context(), "no"); return err }, `read the container from containerd: `},
		"get another type": {func() error { _, err := store.Get(t.Context(), "other"); return err }, `containerd stores a "types.containerd.io/opencontainers/runtime-spec/1/Process" where an OCI spec was expected`},
		"get without spec": {func() error { _, err := store.Get(t.Context(), "none"); return err }, `containerd stores a "" where`},
		"get too late":     {func() error { _, err := store.Get(over, "9b7e"); return err }, "canceled"},
		"put missing":      {func() error { return store.Put(t.Context(), "no", nil) }, "write the container's spec to containerd: "},
	} {
		if err := c.call(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestAway has containerd go away for a while: calls fail at once, and work
// soon after it is back, however long it was away.
func TestAway(t *testing.T) {
	t.Parallel()
	store, s, socket := newStore(t)
	if err := store.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "containerd does not answer") {
		t.Errorf("before the start: %v", err)
	}
	stop := serve(t, socket, s)
	answers(t, store)
	stop()
	for end := time.Now().Add(6 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if _, err := store.Get(t.Context(), "9b7e"); err == nil {
			t.Fatal("an answer from a server that has stopped")
		}
	}
	serve(t, socket, s)
	answers(t, store)
}

// answers waits, for less than a request of the runtime takes, until
// containerd answers.
func answers(t *testing.T, store *containerd.Store) {
	t.Helper()
	for deadline := time.Now().Add(1500 * time.Millisecond); ; time.Sleep(10 * time.Millisecond) {
		_, err := store.Get(t.Context(), "9b7e")
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no answer: %v", err)
		}
	}
}
