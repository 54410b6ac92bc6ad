package cri

import (
	"context"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// lister is a runtime with one pod and one container.
type lister struct {
	runtime.UnimplementedRuntimeServiceServer

	filter  *runtime.ContainerFilter
	options *runtime.NamespaceOption
}

func (*lister) Version(context.Context, *runtime.VersionRequest) (*runtime.VersionResponse, error) {
	return &runtime.VersionResponse{RuntimeName: "containerd"}, nil
}

func (l *lister) ListContainers(_ context.Context, r *runtime.ListContainersRequest) (*runtime.ListContainersResponse, error) {
	l.filter = r.GetFilter()
	return &runtime.ListContainersResponse{Containers: []*runtime.Container{{
		Id: "9b7e", PodSandboxId: "5d1c", Metadata: &runtime.ContainerMetadata{Name: "app"}, Labels: map[string]string{"c": "d"},
		Annotations: map[string]string{"io.kubernetes.cri.image-name": "claimed"},
	}}}, nil
}

func (*lister) ListPodSandbox(context.Context, *runtime.ListPodSandboxRequest) (*runtime.ListPodSandboxResponse, error) {
	return &runtime.ListPodSandboxResponse{Items: []*runtime.PodSandbox{{
		Id: "5d1c", Metadata: &runtime.PodSandboxMetadata{Name: "web-0", Namespace: "team-a", Uid: "3f2a"},
		Labels: map[string]string{"a": "b"}, Annotations: map[string]string{"e": "f"}, RuntimeHandler: "kata",
	}}}, nil
}

func (l *lister) PodSandboxStatus(_ context.Context, r *runtime.PodSandboxStatusRequest) (*runtime.PodSandboxStatusResponse, error) {
	if r.GetPodSandboxId() != "5d1c" {
		return nil, status.Error(codes.NotFound, "no such pod")
	}
	return &runtime.PodSandboxStatusResponse{Status: &runtime.PodSandboxStatus{Linux: &runtime.LinuxPodSandboxStatus{
		Namespaces: &runtime.Namespace{Options: l.options},
	}}}, nil
}

func TestRunning(t *testing.T) {
	l := &lister{}
	c := serve(t, l)
	if name, err := c.Name(t.Context()); err != nil || name != "containerd" {
		t.Errorf("name %q, error %v", name, err)
	}
	pods, ctrs, err := c.Running(t.Context())
	if err != nil || len(pods) != 1 || len(ctrs) != 1 {
		t.Fatalf("pods %v, containers %v, error %v", pods, ctrs, err)
	}
	if p := pods[0]; p.GetId() != "5d1c" || p.GetName() != "web-0" || p.GetNamespace() != "team-a" || p.GetUid() != "3f2a" ||
		p.GetLabels()["a"] != "b" || p.GetAnnotations()["e"] != "f" || p.GetRuntimeHandler() != "kata" {
		t.Errorf("pod %v", p)
	}
	if r := ctrs[0]; r.GetId() != "9b7e" || r.GetPodSandboxId() != "5d1c" || r.GetName() != "app" || r.GetLabels()["c"] != "d" || len(r.GetAnnotations()) > 0 {
		t.Errorf("container %v", r)
	}
	if s := l.filter.GetState(); s == nil || s.GetState() != runtime.ContainerState_CONTAINER_RUNNING {
		t.Errorf("asked for containers in state %v", s)
	}
}

func TestNamespaces(t *testing.T) {
	const pod, ctr, node = runtime.NamespaceMode_POD, runtime.NamespaceMode_CONTAINER, runtime.NamespaceMode_NODE
	l := &lister{}
	c := serve(t, l)
	for name, test := range map[string]struct {
		options *runtime.NamespaceOption
		want    []string
	}{
		"own":          {&runtime.NamespaceOption{Network: pod, Pid: ctr, Ipc: pod}, []string{"mount", "network", "uts", "pid", "ipc"}},
		"a shared pid": {&runtime.NamespaceOption{Pid: pod}, []string{"mount", "network", "uts", "pid", "ipc"}},
		"host network": {&runtime.NamespaceOption{Network: node}, []string{"mount", "pid", "ipc"}},
		"host pid":     {&runtime.NamespaceOption{Pid: node}, []string{"mount", "network", "uts", "ipc"}},
		"host ipc":     {&runtime.NamespaceOption{Ipc: node}, []string{"mount", "network", "uts", "pid"}},
		"a user's":     {&runtime.NamespaceOption{UsernsOptions: &runtime.UserNamespace{Mode: pod}}, []string{"mount", "network", "uts", "pid", "ipc", "user"}},
		"host user":    {&runtime.NamespaceOption{UsernsOptions: &runtime.UserNamespace{Mode: node}}, []string{"mount", "network", "uts", "pid", "ipc"}},
	} {
		t.Run(name, func(t *testing.T) {
			l.options = test.options
			if got, err := c.Namespaces(t.Context(), "5d1c"); err != nil || !slices.Equal(got, test.want) {
				t.Errorf("%q, error %v", got, err)
			}
		})
	}
	l.options = nil
	if got, err := c.Namespaces(t.Context(), "5d1c"); err == nil || got != nil {
		t.Errorf("%q, though nothing is told", got)
	}
	if _, err := c.Namespaces(t.Context(), "6e2d"); err == nil || !strings.Contains(err.Error(), "no such pod") {
		t.Errorf("error %v", err)
	}
}

func TestListWithoutRuntime(t *testing.T) {
	c, err := New(t.TempDir() + "/cri.sock")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Name(t.Context()); err == nil || !strings.Contains(err.Error(), "cri.sock") {
		t.Errorf("error %v", err)
	}
	if _, _, err := c.Running(t.Context()); err == nil {
		t.Error("no error")
	}
}
