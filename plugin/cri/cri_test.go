package cri

import (
	"context"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// fake is a runtime with one container.
type fake struct {
	runtime.UnimplementedRuntimeServiceServer
	asked *runtime.StopContainerRequest
}

func (f *fake) StopContainer(_ context.Context, r *runtime.StopContainerRequest) (*runtime.StopContainerResponse, error) {
	f.asked = r
	if r.GetContainerId() != "9b7e" {
		return nil, status.Error(codes.Internal, "the runtime is broken")
	}
	return &runtime.StopContainerResponse{}, nil
}

// serve has a runtime serve CRI.
func serve(t *testing.T, r runtime.RuntimeServiceServer) *Client {
	t.Helper()
	socket := t.TempDir() + "/cri.sock"
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	runtime.RegisterRuntimeServiceServer(server, r)
	go server.Serve(listener) //nolint:errcheck // it ends with the test
	t.Cleanup(server.Stop)
	c, err := New(socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestStop(t *testing.T) {
	f := &fake{}
	c := serve(t, f)
	if err := c.Stop(t.Context(), "9b7e"); err != nil || f.asked.GetTimeout() != 0 {
		t.Errorf("error %v, asked for %v", err, f.asked)
	}
	if err := c.Stop(t.Context(), "5d1c"); err == nil || !strings.Contains(err.Error(), "the runtime is broken") {
		t.Errorf("error %v", err)
	}
}

func TestStopWithoutRuntime(t *testing.T) {
	c, err := New(t.TempDir() + "/cri.sock")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Stop(t.Context(), "9b7e"); err == nil || !strings.Contains(err.Error(), "cri.sock") {
		t.Errorf("error %v", err)
	}
}
