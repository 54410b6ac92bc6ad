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

	options *runtime.NamespaceOption
}

func (*lister) Version(context.Context, *runtime.VersionRequest) (*runtime.VersionResponse, error) {
	return &runtime.VersionResponse{RuntimeName: "containerd"}, nil
}

func (*lister) ListContainers(context.Context, *runtime.ListContainersRequest) (*runtime.ListContainersResponse, error) {
	out := &runtime.ListContainersResponse{}
	for id, state := range runtime.ContainerState_name {
		out.Containers = append(out.Containers, &runtime.Container{
			Id: state, PodSandboxId: "5d1c", Metadata: &runtime.ContainerMetadata{Name: "app"}, Labels: map[string]string{"c": "d"},
			Annotations: map[string]string{"io.kubernetes.cri.image-name": "claimed"}, State: runtime.ContainerState(id),
		})
	}
	return out, nil
}

func (*lister) ContainerStatus(_ context.Context, r *runtime.ContainerStatusRequest) (*runtime.ContainerStatusResponse, error) {
	state, ok := runtime.ContainerState_value[r.GetContainerId()]
	switch {
	case r.GetContainerId() == "broken":
		return nil, status.Error(codes.Internal, "the runtime is broken")
	case !ok:
		return nil, status.Error(codes.NotFound, "no such container")
	}
	return &runtime.ContainerStatusResponse{Status: &runtime.ContainerStatus{State: runtime.ContainerState(state)}}, nil
}

func (*lister) ListPodSandbox(context.Context, *runtime.ListPodSandboxRequest) (*runtime.ListPodSandboxResponse, error) {
	return &runtime.ListPodSandboxResponse{Items: []*runtime.PodSandbox{{
		Id: "5d1c", Metadata: &runtime.PodSandboxMetadata{Name: "web-0", Namespace: "team-a", Uid: "3f2a"},
		Labels: map[string]string{"a": "b"}, RuntimeHandler: "kata",
		Annotations: map[string]string{"run.oci.handler": "krun", "large": strings.Repeat("x", 5<<20)}, // more than gRPC's default
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
	ctrs, err := c.Running(t.Context(), "containerd")
	if err != nil || len(ctrs) != 2 {
		t.Fatalf("containers %v, error %v", ctrs, err)
	}
	for _, r := range ctrs {
		p, ctr := r.Pod, r.Container
		if p.ID != "5d1c" || p.Name != "web-0" || p.Namespace != "team-a" || p.UID != "3f2a" || p.Labels["a"] != "b" ||
			p.Annotations["run.oci.handler"] != "krun" || len(p.Annotations) > 1 || p.RuntimeHandler != "kata" || r.PodUnknown || r.ClaimsPorts {
			t.Errorf("pod %s of %s, %s", p.Name, p.Namespace, p.ID)
		}
		if ctr.ID != "CONTAINER_RUNNING" && ctr.ID != "CONTAINER_UNKNOWN" || ctr.Name != "app" || ctr.Image != "" || len(ctr.OtherImages) > 0 {
			t.Errorf("container %v", ctr)
		}
	}
	for id, want := range map[string]bool{"CONTAINER_RUNNING": true, "CONTAINER_UNKNOWN": true, "CONTAINER_CREATED": false, "CONTAINER_EXITED": false, "gone": false} {
		if got, err := c.Runs(t.Context(), id); err != nil || got != want {
			t.Errorf("%s runs: %v, error %v", id, got, err)
		}
	}
	if _, err := c.Runs(t.Context(), "broken"); err == nil || !strings.Contains(err.Error(), "the runtime is broken") {
		t.Errorf("error %v", err)
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
	if _, err := c.Running(t.Context(), "containerd"); err == nil {
		t.Error("no error")
	}
}
