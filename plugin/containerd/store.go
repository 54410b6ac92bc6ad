// Package containerd reads and writes the specs of containers in containerd's
// metadata store, through containerd's gRPC API.
package containerd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	containers "github.com/containerd/containerd/api/services/containers/v1"
	sandboxes "github.com/containerd/containerd/api/services/sandbox/v1"
	tasks "github.com/containerd/containerd/api/services/tasks/v1"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/specguard/specguard/plugin/judge"
)

const (
	// namespace is containerd's namespace for everything that CRI creates.
	namespace = "k8s.io"

	// namespaceKey carries the namespace in gRPC metadata.
	namespaceKey = "containerd-namespace"

	// specType ends the type URL of an OCI runtime spec.
	specType = "/Spec"
)

// Store is a judge.SpecStore in containerd. It is safe for concurrent use.
type Store struct {
	conn       *grpc.ClientConn
	containers containers.ContainersClient
	sandboxes  sandboxes.StoreClient
	tasks      tasks.TasksClient
}

var (
	_ judge.SpecStore = (*Store)(nil)
	_ judge.Stopper   = (*Store)(nil)
	_ judge.Processes = (*Store)(nil)
)

// reconnect returns how soon to retry a lost connection. gRPC's default waits up to two
// minutes. In that time no container would start, although containerd is back.
func reconnect() grpc.ConnectParams {
	return grpc.ConnectParams{
		Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 500 * time.Millisecond},
		MinConnectTimeout: time.Second,
	}
}

// maxMessage is the largest message that containerd sends or accepts by default
// (max_recv_message_size and max_send_message_size), in bytes.
const maxMessage = 16 << 20

// tooLarge explains the error for a record that is too large for a message.
func tooLarge(err error) error {
	if status.Code(err) != codes.ResourceExhausted {
		return err
	}
	return fmt.Errorf("the container's record is larger than %d MiB, the most that containerd sends or takes; reduce the container's "+
		"environment, annotations or mounts: %w", maxMessage>>20, err)
}

// New returns a Store that talks to the unix socket. It connects on first use, and again
// after the connection is lost.
func New(socket string) (*Store, error) {
	conn, err := grpc.NewClient("unix://"+socket,
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithConnectParams(reconnect()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
	if err != nil {
		return nil, fmt.Errorf("containerd socket %s: %w", socket, err)
	}
	return &Store{
		conn: conn, containers: containers.NewContainersClient(conn), sandboxes: sandboxes.NewStoreClient(conn),
		tasks: tasks.NewTasksClient(conn),
	}, nil
}

// Close closes the connection.
func (s *Store) Close() error { return s.conn.Close() }

// Get reads a container's spec and image.
func (s *Store) Get(ctx context.Context, id string) (judge.Stored, error) {
	res, err := s.containers.Get(inNamespace(ctx), &containers.GetContainerRequest{ID: id})
	if err != nil {
		return judge.Stored{}, fmt.Errorf("read the container from containerd: %w", tooLarge(err))
	}
	spec, err := ociSpec(res.GetContainer().GetSpec())
	if err != nil {
		return judge.Stored{}, err
	}
	c := res.GetContainer()
	asked := seccompOf(id, c.GetExtensions()[configExtension])
	return judge.Stored{Spec: spec, Image: c.GetImage(), Runtime: c.GetRuntime().GetName(), Seccomp: asked}, nil
}

// ociSpec returns the OCI spec in a record of containerd.
func ociSpec(spec *anypb.Any) ([]byte, error) {
	if !strings.HasSuffix(spec.GetTypeUrl(), specType) {
		return nil, fmt.Errorf("containerd stores a %q where an OCI spec was expected", spec.GetTypeUrl())
	}
	return spec.GetValue(), nil
}

// Put replaces a container's spec.
func (s *Store) Put(ctx context.Context, id string, spec []byte) error {
	_, err := s.containers.Update(inNamespace(ctx), &containers.UpdateContainerRequest{
		Container: &containers.Container{
			ID:   id,
			Spec: &anypb.Any{TypeUrl: "types.containerd.io/opencontainers/runtime-spec/1/Spec", Value: spec},
		},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"spec"}},
	})
	if err != nil {
		return fmt.Errorf("write the container's spec to containerd: %w", tooLarge(err))
	}
	return nil
}

// Stop kills the container's first process, and with it the container.
func (s *Store) Stop(ctx context.Context, id string) error {
	_, err := s.tasks.Kill(inNamespace(ctx), &tasks.KillRequest{ContainerID: id, Signal: uint32(unix.SIGKILL)})
	if status.Code(err) == codes.NotFound {
		return nil // it does not run
	}
	return err
}

// Process returns the process ID of a created container's first process.
func (s *Store) Process(ctx context.Context, id string) (pid uint32, err error) {
	res, err := s.tasks.Get(inNamespace(ctx), &tasks.GetRequest{ContainerID: id})
	if err != nil {
		return 0, fmt.Errorf("ask containerd for the container's process: %w", err)
	}
	if pid = res.GetProcess().GetPid(); pid == 0 {
		return 0, errors.New("containerd does not report the container's process")
	}
	return pid, nil
}

// Ping returns an error if containerd does not answer.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.containers.List(inNamespace(ctx), &containers.ListContainersRequest{Filters: []string{`id=="-"`}})
	if err != nil {
		return fmt.Errorf("containerd does not answer: %w", err)
	}
	return nil
}

func inNamespace(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, namespaceKey, namespace)
}
