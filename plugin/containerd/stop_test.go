package containerd_test

import (
	"context"
	"testing"

	tasks "github.com/containerd/containerd/api/services/tasks/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// taskServer is containerd's service of tasks, as far as it is called.
type taskServer struct {
	tasks.UnimplementedTasksServer
	server *server
	killed []string
}

func (s *taskServer) Kill(ctx context.Context, req *tasks.KillRequest) (*emptypb.Empty, error) {
	if _, err := s.server.find(ctx, req.GetContainerID()); err != nil {
		return nil, err
	}
	if req.GetSignal() != 9 || req.GetExecID() != "" {
		return nil, status.Errorf(codes.InvalidArgument, "%v", req)
	}
	s.killed = append(s.killed, req.GetContainerID())
	return &emptypb.Empty{}, nil
}

func TestStop(t *testing.T) {
	store, s, socket := newStore(t)
	ts := &taskServer{server: s}
	end := serve(t, socket, s, ts)
	for _, id := range []string{"9b7e", "gone"} {
		if err := store.Stop(t.Context(), id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	end()
	if err := store.Stop(t.Context(), "9b7e"); err == nil {
		t.Error("nobody listens, and that is no error")
	}
	if len(ts.killed) != 1 || ts.killed[0] != "9b7e" {
		t.Errorf("killed %q", ts.killed)
	}
}
