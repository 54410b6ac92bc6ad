package cri

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// teller is a lister that tells the specs of its containers.
type teller struct {
	lister

	spec  *specs.Spec
	asked atomic.Int32
}

func (s *teller) ContainerStatus(_ context.Context, r *runtime.ContainerStatusRequest) (*runtime.ContainerStatusResponse, error) {
	s.asked.Add(1)
	if r.GetContainerId() == "CONTAINER_UNKNOWN" {
		return nil, status.Error(codes.NotFound, "no such container")
	}
	info, err := json.Marshal(map[string]any{"pid": 1, "runtimeSpec": s.spec})
	if err != nil || !r.GetVerbose() {
		return &runtime.ContainerStatusResponse{}, err
	}
	return &runtime.ContainerStatusResponse{Info: map[string]string{"info": string(info)}}, nil
}

func TestRecords(t *testing.T) {
	s := &teller{spec: &specs.Spec{
		Annotations: map[string]string{"a": strings.Repeat("x", 50<<10)},
		Process:     &specs.Process{Env: []string{strings.Repeat("x", 100<<10)}, Args: []string{"sh"}},
		Linux:       &specs.Linux{CgroupsPath: "/x"},
	}}
	c := serve(t, s)
	for range 2 {
		got, err := c.Records(t.Context())
		if err != nil || len(got) != 3 { // the pod, one that runs and one that was made
			t.Fatalf("%+v, %v", got, err)
		}
		if got[0].Name() != "team-a/web-0" || got[0].Size < 5<<20 || !strings.HasPrefix(got[0].Parts, "annotations 5 MiB") {
			t.Errorf("%+v", got[0])
		}
		for _, r := range got[1:] {
			if r.Name() != "team-a/web-0, container app" || r.Size < 150<<10 || r.Size > 151<<10 || r.Parts != "environment 100 KiB, annotations 50 KiB" {
				t.Errorf("%+v", r)
			}
		}
	}
	if got := s.asked.Load(); got != 2+1+1 { // the one that is gone is asked for again
		t.Errorf("asked %d times", got)
	}
}

// TestRecordsUntold: a runtime that does not tell specs is an error, and no node
// without large containers.
func TestRecordsUntold(t *testing.T) {
	c := serve(t, &teller{})
	if got, err := c.Records(t.Context()); err == nil || !strings.Contains(err.Error(), "does not show its spec") {
		t.Errorf("%+v, %v", got, err)
	}
}
